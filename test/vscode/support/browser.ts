import { existsSync } from "node:fs";
import { Second } from "@gpu-dev/shared/durations.ts";
import { chromium, type BrowserContext } from "playwright-core";
import { skipBecause } from "../../support/requireTool.ts";
import { Workbench } from "./workbench.ts";

const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** A cold editor on a busy machine takes 10 seconds for its first window. */
const ACTION_TIMEOUT_MS = 30 * Second.ms;

export interface BrowserOptions {
  /** Default 1280 by 800. */
  readonly viewport?: { readonly width: number; readonly height: number };
  /**
   * A SOCKS proxy for all requests, also those to loopback addresses: `socks5://127.0.0.1:1080`.
   */
  readonly proxy?: string;
}

export interface TestBrowser {
  /**
   * Opens a window on an address from `VsCodeServer.url`, and resolves when it can be used. All
   * windows share one profile.
   */
  open(url: string): Promise<Workbench>;
  /** The requests of pages to other machines, all of which were refused. */
  outgoing(): readonly string[];
  close(): Promise<void>;
}

/** For a `before` hook: without Chromium, skips the suite, or fails it in CI. */
export function requireChromium(context: Mocha.Context): void {
  const path = chromiumPath();
  if (!existsSync(path)) skipBecause(context, `no Chromium at ${path}; name one in CHROMIUM`);
}

export async function startBrowser(options: BrowserOptions = {}): Promise<TestBrowser> {
  const { viewport = { width: 1280, height: 800 }, proxy } = options;
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: ARGUMENTS,
    ...(proxy !== undefined && { proxy: { server: proxy, bypass: "<-loopback>" } }),
  });
  const context = await browser.newContext({ viewport });
  context.setDefaultTimeout(ACTION_TIMEOUT_MS);
  const refused = await refuseOtherMachines(context);
  await provideSecretKey(context);
  return {
    open: async (url) => {
      const page = await context.newPage();
      const workbench = new Workbench(page);
      await page.goto(url);
      await workbench.ready();
      return workbench;
    },
    outgoing: () => refused,
    close: () => browser.close(),
  };
}

/** The tests must not depend on the network. */
async function refuseOtherMachines(context: BrowserContext): Promise<string[]> {
  const refused: string[] = [];
  const isOther = ({ protocol, hostname }: URL) =>
    protocol.startsWith("http") && !["127.0.0.1", "localhost"].includes(hostname);
  await context.route(isOther, async (route) => {
    refused.push(route.request().url());
    await route.abort("blockedbyclient");
  });
  return refused;
}

/**
 * In a browser, the editor keeps secrets between windows only if the server of its page provides
 * half of their key. VS Code's bare server does not; hosted editors do.
 */
async function provideSecretKey(context: BrowserContext): Promise<void> {
  const body = Buffer.alloc(32, "half of a key");
  await context.route("**/mint-key", (route) => route.fulfill({ status: 200, body }));
}

/** The path at which Chromium is expected. */
export function chromiumPath(): string {
  const given = process.env["CHROMIUM"];
  return given === undefined || given === "" ? "/usr/bin/chromium" : given;
}
