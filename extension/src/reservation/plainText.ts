/**
 * Text of the server or of a container on one line of a document: colour codes and other escape sequences go, as
 * do characters that move, hide or reorder what is read; tabs stay.
 */
export function plainLine(text: string): string {
  return text.replaceAll(ESCAPE_SEQUENCE, "").replaceAll(LINE_BREAKS, " ").replaceAll(UNSEEN, "");
}

/** A line of a log as a terminal would leave it: a progress bar that was written over and over shows its last turn. */
export function plainLogLine(line: string): string {
  return plainLine(line.split("\r").findLast((turn) => turn !== "") ?? "");
}

/** CSI, OSC and the like (ended by BEL or ST), and two-character escapes. */
const ESCAPE_SEQUENCE =
  // eslint-disable-next-line no-control-regex -- these are what it takes away
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]/g;
const LINE_BREAKS = /[\n\v\f\r\u0085\u2028\u2029]+/g;
/** Control characters other than the tab, and those that turn the direction of writing. */
const UNSEEN =
  // eslint-disable-next-line no-control-regex -- these are what it takes away
  /[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;
