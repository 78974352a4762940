import type { AccountState } from "../account/account.ts";
import type { LiveState } from "../live/stateKeeper.ts";
import { mask, type MaskOptions } from "./masking.ts";
import type { SshFile } from "./sshFiles.ts";

export interface ReportParts {
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
  /** The status that the server reports, or why it could not be read. */
  readonly serverStatus: string;
  readonly account: AccountState;
  readonly live: LiveState;
  readonly include: string;
  readonly sshFiles: readonly SshFile[];
  readonly errors: readonly string[];
  readonly logLines: readonly string[];
}

/** The report as Markdown. It is masked as a whole at the end, so that no part is missed. */
export function reportText(parts: ReportParts, masking: MaskOptions, now: Date): string {
  const sections = [
    "# GPU Dev Servers: problem report",
    `Created at ${now.toISOString()}.`,
    "Nothing has been sent. Tokens, keys, e-mail addresses, your name and your home folder are masked as far as they " +
      "can be recognized. Review the report, remove anything else that is private, then save it or send it to your support contact.",
    "## What went wrong",
    "Describe what you did, what you expected, and what happened instead.",
    section("Versions", fields(parts.versions)),
    section("Server", parts.serverStatus),
    section("Settings", fields(parts.settings)),
    section("Sign-in and connection", connectionLines(parts)),
    section("Reservations", reservationLines(parts.live)),
    section("Include line in the SSH config", parts.include),
    ...parts.sshFiles.map(({ name, text }) => section(`Generated file ${name}`, text)),
    section("Newest errors", parts.errors.join("\n")),
    section("Newest log lines", parts.logLines.join("\n")),
  ];
  return `${mask(sections.join("\n\n"), masking)}\n`;
}

function section(title: string, body: string): string {
  const text = body.trimEnd() === "" ? "none" : body.trimEnd();
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `## ${title}\n\n${fence}text\n${text}\n${fence}`;
}

function fields(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
}

function connectionLines({ account, live }: ReportParts): string {
  const { contact, asOf } = live;
  const userText =
    account.kind === "signedIn" ? ` as ${account.profile.user} (${account.profile.role})` : "";
  const lost =
    contact.kind === "lost"
      ? ` since ${contact.since.toISOString()}: ${contact.error.message}`
      : "";
  return [
    `sign-in: ${account.kind}${userText}`,
    `connection: ${contact.kind}${lost}`,
    `last read: ${asOf === undefined ? "not yet" : asOf.toISOString()}`,
  ].join("\n");
}

function reservationLines({ reservations }: LiveState): string {
  if (reservations === undefined) return "not read yet";
  return reservations
    .map(({ id, state, phase, generation, endReason, expiresAt }) =>
      [
        `${id} ${state}`,
        ...(phase === undefined ? [] : [`phase ${phase}`]),
        ...(endReason === undefined ? [] : [`reason ${endReason}`]),
        ...(expiresAt === undefined ? [] : [`until ${expiresAt}`]),
        `generation ${String(generation)}`,
      ].join(", "),
    )
    .join("\n");
}
