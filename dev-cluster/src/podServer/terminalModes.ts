import type { TerminalModes } from "ssh2";

/** Control characters: the name in the request, and stty's word for it. */
const CHARACTERS = {
  VINTR: "intr",
  VQUIT: "quit",
  VERASE: "erase",
  VKILL: "kill",
  VEOF: "eof",
  VSTART: "start",
  VSTOP: "stop",
  VSUSP: "susp",
  VWERASE: "werase",
  VLNEXT: "lnext",
  VREPRINT: "rprnt",
} as const;

const FLAGS = {
  IGNPAR: "ignpar",
  INLCR: "inlcr",
  IGNCR: "igncr",
  ICRNL: "icrnl",
  IXON: "ixon",
  IXANY: "ixany",
  IXOFF: "ixoff",
  IUTF8: "iutf8",
  ISIG: "isig",
  ICANON: "icanon",
  ECHO: "echo",
  ECHOE: "echoe",
  ECHOK: "echok",
  ECHONL: "echonl",
  NOFLSH: "noflsh",
  TOSTOP: "tostop",
  IEXTEN: "iexten",
  OPOST: "opost",
  ONLCR: "onlcr",
  OCRNL: "ocrnl",
  ONOCR: "onocr",
  ONLRET: "onlret",
} as const;

/** The arguments with which stty gives a new terminal the modes that the client's own has. */
export function sttyArguments(modes: TerminalModes): string[] {
  const wanted = modes as Record<string, number | undefined>;
  const result: string[] = [];
  for (const [name, word] of Object.entries(CHARACTERS)) {
    const code = wanted[name];
    if (code === 255) result.push(word, "undef");
    else if (code !== undefined && code > 0) result.push(word, characterName(code));
  }
  for (const [name, word] of Object.entries(FLAGS)) {
    const value = wanted[name];
    if (value !== undefined) result.push(value === 0 ? `-${word}` : word);
  }
  return result;
}

function characterName(code: number): string {
  if (code === 127) return "^?";
  return code < 32 ? `^${String.fromCharCode(code + 64)}` : String.fromCharCode(code);
}
