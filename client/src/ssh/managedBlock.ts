/**
 * Our lines in the user's own ssh config, as pure text. Callers decode the file as latin1, so that
 * every byte is kept; ssh ends lines at "\n" alone, so a "\r" belongs to its line.
 */
export const BEGIN_MARKER = "# >>> gpu-dev >>>";
export const END_MARKER = "# <<< gpu-dev <<<";
const NOTE = '# Hosts of your GPU reservations. "gpu-dev setup --remove" removes these lines.';
const MADE_FILE =
  "# gpu-dev created this file, and deletes it with these lines if it holds nothing else.";
const BOM = "\u00ef\u00bb\u00bf";

export type BlockState =
  /**
   * `place`: "inside" if a Host or Match line precedes it, so that it applies to some hosts only.
   */
  | {
      readonly kind: "present";
      readonly place: "first" | "later" | "inside";
      readonly include: string;
    }
  /** `byHand`: our file is included outside a block of ours, before any Host or Match line. */
  | { readonly kind: "absent"; readonly byHand: boolean }
  | { readonly kind: "malformed"; readonly problem: string };

interface Line {
  readonly start: number;
  /** After the line's "\n". */
  readonly end: number;
  readonly text: string;
}

export function inspectBlock(text: string, includePath: string): BlockState {
  const lines = splitLines(text);
  const begins = lines.filter((line) => line.text.trim() === BEGIN_MARKER);
  const ends = lines.filter((line) => line.text.trim() === END_MARKER);
  const [begin] = begins;
  const [end] = ends;
  if (begin === undefined && end === undefined) {
    return { kind: "absent", byHand: isIncludedByHand(lines, includePath) };
  }
  const problem = whyMalformed(begins, ends);
  if (problem !== undefined || begin === undefined || end === undefined) {
    return { kind: "malformed", problem: problem ?? "a marker line is missing" };
  }
  const inside = lines.filter((line) => line.start > begin.start && line.start < end.start);
  const includes = inside.filter((line) => keywordOf(line.text) === "include");
  const foreign = inside.find((line) => !["", "include"].includes(keywordOf(line.text)));
  if (foreign !== undefined) {
    return { kind: "malformed", problem: `the line "${foreign.text.trim()}" is between them` };
  }
  const before = lines.filter((line) => line.start < begin.start);
  const scoped = before.some((line) => opensBlock(line.text));
  const anything = before.some((line) => keywordOf(line.text) !== "");
  return {
    kind: "present",
    place: scoped ? "inside" : anything ? "later" : "first",
    include: includes.map((line) => argumentOf(line.text)).join(" "),
  };
}

/**
 * Whether ssh reads our hosts before anything else in the file. ssh uses the first value that it
 * reads: any setting before our line, even one for all hosts, would win. The included path is
 * compared as well, because the block may name the files of another GPU_DEV_HOME.
 */
export function includeWorks(state: BlockState, includePath: string): boolean {
  if (state.kind === "absent") return state.byHand;
  return state.kind === "present" && state.place === "first" && state.include === includePath;
}

/** Puts our block first (after a byte order mark). The text must not contain a block. */
export function insertBlock(
  text: string,
  includePath: string,
  options: { madeFile: boolean },
): string {
  const bom = text.startsWith(BOM) ? BOM : "";
  const eol = /^[^\n]*\r\n/.test(text) ? "\r\n" : "\n";
  const block = [
    BEGIN_MARKER,
    NOTE,
    ...(options.madeFile ? [MADE_FILE] : []),
    `Include "${includePath}"`,
    END_MARKER,
  ];
  return bom + block.map((line) => line + eol).join("") + text.slice(bom.length);
}

/** Removes the block and keeps every other byte. `madeFile`: we created the file for the block. */
export function removeBlock(text: string): { text: string; madeFile: boolean } {
  const lines = splitLines(text);
  const begin = lines.find((line) => line.text.trim() === BEGIN_MARKER);
  const end = lines.find((line) => line.text.trim() === END_MARKER);
  if (begin === undefined || end === undefined) return { text, madeFile: false };
  const block = text.slice(begin.start, end.end);
  return {
    text: text.slice(0, begin.start) + text.slice(end.end),
    madeFile: block.includes(MADE_FILE),
  };
}

function whyMalformed(begins: readonly Line[], ends: readonly Line[]): string | undefined {
  const [begin] = begins;
  const [end] = ends;
  if (begin === undefined) return `"${END_MARKER}" has no "${BEGIN_MARKER}"`;
  if (end === undefined) return `"${BEGIN_MARKER}" has no "${END_MARKER}"`;
  if (begins.length > 1) return `"${BEGIN_MARKER}" occurs ${String(begins.length)} times`;
  if (ends.length > 1) return `"${END_MARKER}" occurs ${String(ends.length)} times`;
  return end.start < begin.start ? "the marker lines are in the wrong order" : undefined;
}

function isIncludedByHand(lines: readonly Line[], includePath: string): boolean {
  for (const line of lines) {
    if (opensBlock(line.text)) return false;
    if (keywordOf(line.text) === "include" && argumentOf(line.text) === includePath) return true;
  }
  return false;
}

function splitLines(text: string): Line[] {
  const lines: Line[] = [];
  let start = text.startsWith(BOM) ? BOM.length : 0;
  while (start < text.length) {
    const newline = text.indexOf("\n", start);
    const end = newline === -1 ? text.length : newline + 1;
    lines.push({ start, end, text: text.slice(start, end) });
    start = end;
  }
  return lines;
}

/**
 * The first word in lower case; empty for comments and blank lines. ssh reads both "Key value" and
 * "Key=value".
 */
function keywordOf(line: string): string {
  return /^\s*([^\s#=]+)/.exec(line)?.[1]?.toLowerCase() ?? "";
}

function argumentOf(line: string): string {
  const value = line.trim().replace(/^[^\s=]+[\s=]+/, "");
  return /^"(.*)"$/.exec(value)?.[1] ?? value;
}

function opensBlock(line: string): boolean {
  return ["host", "match"].includes(keywordOf(line));
}
