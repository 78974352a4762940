import { randomBytes } from "node:crypto";
import { commands, ViewColumn, type WebviewPanel, window } from "vscode";
import { type Coalescer, createCoalescer } from "@gpu-dev/shared/coalesce.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { ApiError } from "@gpu-dev/client/http/apiErrors.ts";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import type { Account } from "../account/account.ts";
import { DETAILS_VIEW } from "../core/commands.ts";
import { type Disposable, disposeAll } from "../core/emitter.ts";
import { failureText } from "../core/errors.ts";
import { autoRefresh } from "../live/autoRefresh.ts";
import { contactMessage } from "../live/contactText.ts";
import type { Live } from "../live/live.ts";
import type { Details } from "../reservation/documentText.ts";
import { detailsPage, messagePage, type Page } from "./detailsPage.ts";
import { readDetails, type ReadDetailsOptions } from "./readDetails.ts";
import { shellHtml } from "./shell.ts";

export interface DetailsPanelsOptions extends ReadDetailsOptions {
  readonly account: Account;
  readonly live: Live;
  readonly now: () => Date;
  /** Reads a file of the extension. */
  readonly readAsset: (path: string) => Promise<string>;
}

/** The details views that are open in this window, one for each reservation. */
export interface DetailsPanels extends Disposable {
  show(details: Details): Promise<void>;
  /** Takes over a panel that the editor restored. */
  restore(panel: WebviewPanel, state: unknown): Promise<void>;
}

type Subject = Pick<Reservation, "id" | "name">;

interface OpenPanel {
  readonly panel: WebviewPanel;
  readonly subject: Subject;
  readonly reading: Coalescer;
  /** "gone": the server no longer returns the reservation. */
  content: { readonly details: Details; readonly asOf: Date } | "gone" | undefined;
  /** The page that was sent last; undefined until the web view is ready. */
  page: Page | undefined;
  isReady: boolean;
}

export function createDetailsPanels(options: DetailsPanelsOptions): DetailsPanels {
  const { now } = options;
  const open = new Map<string, OpenPanel>();
  const attach = async (panel: WebviewPanel, subject: Subject, details: Details | undefined) => {
    const opened = createPanel(options, panel, subject);
    opened.content = details && { details, asOf: now() };
    open.set(subject.id, opened);
    panel.onDidDispose(() => {
      void opened.reading.stop();
      if (open.get(subject.id) === opened) open.delete(subject.id);
    });
    await load(options, opened);
  };
  const following = followChanges(options, () => [...open.values()]);
  return {
    show: async (details) => {
      const known = open.get(details.reservation.id);
      if (known !== undefined) {
        known.content = { details, asOf: now() };
        draw(options, known);
        known.panel.reveal();
        return;
      }
      const { id, name } = details.reservation;
      await attach(newPanel(name), { id, name }, details);
    },
    restore: async (panel, state) => {
      const subject = subjectFrom(state);
      if (subject === undefined) panel.dispose();
      else await attach(panel, subject, undefined);
    },
    ...disposeAll(following, {
      dispose: () => {
        for (const { panel } of [...open.values()]) panel.dispose();
      },
    }),
  };
}

/** Re-reads what changed, and redraws the countdowns. */
function followChanges(options: DetailsPanelsOptions, open: () => OpenPanel[]): Disposable {
  const { live, account, now } = options;
  const changes = live.onDidChange(({ reservations, contact }) => {
    for (const { subject, reading } of open()) {
      if (contact || reservations === "all" || reservations.includes(subject.id)) reading.trigger();
    }
  });
  const accounts = account.onDidChange(({ kind }) => {
    for (const each of open()) {
      if (kind === "signedIn") each.reading.trigger();
      else each.content = undefined;
      draw(options, each);
    }
  });
  const drawAll = () => {
    for (const each of open()) draw(options, each);
  };
  return disposeAll(changes, accounts, autoRefresh({ live, now, draw: drawAll }));
}

function newPanel(name: string): WebviewPanel {
  return window.createWebviewPanel(DETAILS_VIEW, `${name} details`, ViewColumn.Active, {
    enableFindWidget: true,
  });
}

function createPanel(
  options: DetailsPanelsOptions,
  panel: WebviewPanel,
  subject: Subject,
): OpenPanel {
  const opened: OpenPanel = {
    panel,
    subject,
    content: undefined,
    page: undefined,
    isReady: false,
    reading: createCoalescer(
      () => read(options, opened),
      (error) => {
        // The page keeps its content until the next change, or until the server returns.
        options.log.warn(`Could not read the details of ${subject.id}: ${failureText(error)}`);
      },
    ),
  };
  return opened;
}

/** The page reports when it can receive its content: at first, and again after it was hidden. */
async function load(options: DetailsPanelsOptions, opened: OpenPanel): Promise<void> {
  const { panel, subject, reading } = opened;
  panel.webview.onDidReceiveMessage((message: unknown) => {
    const { kind, command } = message as { readonly kind?: unknown; readonly command?: unknown };
    if (kind === "ready") {
      opened.isReady = true;
      opened.page = undefined;
      draw(options, opened);
    } else if (kind === "command") {
      runAction(opened, command);
    }
  });
  panel.webview.options = { enableScripts: true, localResourceRoots: [] };
  const [script, style] = await Promise.all([
    options.readAsset("dist/detailsPage.js"),
    options.readAsset("media/details.css"),
  ]);
  const nonce = randomBytes(16).toString("base64");
  panel.webview.html = shellHtml({ title: subject.name, nonce, script, style });
  if (opened.content === undefined) reading.trigger();
}

async function read(options: DetailsPanelsOptions, opened: OpenPanel): Promise<void> {
  const isSignedIn = () => options.account.state.kind === "signedIn";
  if (!isSignedIn()) return;
  try {
    const details = await readDetails(options, opened.subject.id);
    // The user may have signed out during the read; the page must stay cleared.
    if (isSignedIn()) opened.content = { details, asOf: options.now() };
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "not_found") throw error;
    opened.content = "gone";
  }
  draw(options, opened);
}

/** Sends the page if it changed. */
function draw(options: DetailsPanelsOptions, opened: OpenPanel): void {
  if (!opened.isReady) return;
  const page = pageOf(options, opened);
  if (page.body.html === opened.page?.body.html) return;
  opened.page = page;
  void opened.panel.webview.postMessage({ ...opened.subject, body: page.body.html });
}

function pageOf({ account, live, now }: DetailsPanelsOptions, opened: OpenPanel): Page {
  const { content, subject } = opened;
  const contact = contactMessage(live.state, now(), "brief");
  if (account.state.kind === "signedOut") {
    const signIn = { command: "gpuDev.signIn", label: "Sign In", target: undefined } as const;
    return messagePage(subject.name, "You are signed out. Sign in to see this page.", signIn);
  }
  if (content === undefined)
    return messagePage(subject.name, contact ?? "Reading from the server...");
  if (content === "gone") {
    const text = "This reservation no longer exists, or it is not yours. Close this page.";
    return messagePage(subject.name, text);
  }
  return detailsPage(content.details, { now: now(), asOf: content.asOf, contact });
}

/** Only the buttons of the shown page are accepted. */
function runAction({ page }: OpenPanel, command: unknown): void {
  const action = page?.actions.find((each) => each.command === command);
  if (action === undefined) return;
  void commands.executeCommand(
    action.command,
    ...(action.target === undefined ? [] : [action.target]),
  );
}

/** The state that the page stored. Undefined if another version stored something else. */
function subjectFrom(state: unknown): Subject | undefined {
  if (typeof state !== "object" || state === null) return undefined;
  const { id, name } = state as { readonly id?: unknown; readonly name?: unknown };
  if (typeof id !== "string" || typeof name !== "string") return undefined;
  return { id: id as ReservationId, name };
}
