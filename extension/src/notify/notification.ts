import type { CommandId, ViewId } from "../core/commands.ts";
import type { Settings } from "../core/settings.ts";
import type { Target } from "../core/commands.ts";

/** What to tell somebody who works on something else, free of the editor's types. */
export interface Notification {
  readonly text: string;
  readonly severity: "info" | "warning" | "error";
  readonly buttons: readonly NotificationButton[];
}

export interface NotificationButton {
  readonly title: string;
  /** One of ours, or the editor's own that shows a view of ours. */
  readonly command: CommandId | `${ViewId}.focus`;
  readonly target: Target | null;
}

/** `warnings` leaves out what went as planned: that one is ready, or that its time was up. */
export function isWanted(notification: Notification, level: Settings["notifications"]): boolean {
  return level === "all" || (level === "warnings" && notification.severity !== "info");
}

/**
 * Text of the server as one plain line. The editor makes links, also such that run commands, of "[text](address)" in
 * a message; apart from each other the two are only text.
 */
export function plainText(text: string): string {
  const line = text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
    .replaceAll("](", "] (")
    .trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1).trimEnd()}…` : line;
}

/** The editor itself cuts a message of more than 1,000 characters. */
const LONGEST = 400;
