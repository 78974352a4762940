import type { BlockState } from "@gpu-dev/client/ssh/managedBlock.ts";

/** An extension that opens windows on SSH hosts, and the section of its settings. */
export interface RemoteSsh {
  readonly id: string;
  readonly section: string;
}

export interface RemoteSshChoice {
  /** The installed extension, or undefined. */
  readonly installed: RemoteSsh | undefined;
  /** The extension that this editor can install. */
  readonly suitable: RemoteSsh;
}

/** Each editor has its own extension, because Microsoft's may only run in Microsoft's builds. */
export function remoteSshFor(appName: string, installedIds: readonly string[]): RemoteSshChoice {
  const suitable = BY_EDITOR.find(({ editor }) => editor.test(appName))?.remoteSsh ?? OPEN;
  const ids = new Set(installedIds.map((id) => id.toLowerCase()));
  // The editor's own extension first: another one may come from imported settings.
  const installed = [suitable, ...ALL].find(({ id }) => ids.has(id));
  return { installed, suitable };
}

/** The setting for the platforms of hosts, with our host as Linux; undefined if it is already. */
export function withLinux(before: unknown, host: string): Record<string, unknown> | undefined {
  const hosts = typeof before === "object" && before !== null ? { ...before } : {};
  if ((hosts as Record<string, unknown>)[host] === "linux") return undefined;
  return { ...hosts, [host]: "linux" };
}

/**
 * The SSH host that a remote window is connected to, from its authority: "ssh-remote+gpu-dev-demo",
 * or with the host as JSON in hex, which Remote-SSH writes for host names that an authority cannot
 * hold. Undefined for any other remote.
 */
export function hostFromAuthority(authority: string): string | undefined {
  const [kind, ...rest] = authority.replace(/%2b/i, "+").split("+");
  const label = rest.join("+");
  if (kind?.toLowerCase() !== SSH_REMOTE || label === "") return undefined;
  const host = hostFromHex(label) ?? withoutUserAndPort(label);
  return host === "" ? undefined : host.toLowerCase();
}

/** The authority of a window on an SSH host. */
export function authorityFor(host: string): string {
  return `${SSH_REMOTE}+${host}`;
}

export interface IncludeQuestion {
  readonly message: string;
  readonly detail: string;
  readonly confirm: string;
}

/** The question before the only change to a file of the user: which line, in which file. */
export function includeQuestion(options: {
  readonly host: string;
  readonly file: string;
  readonly includePath: string;
  readonly state: BlockState;
}): IncludeQuestion {
  const { host, file, includePath, state } = options;
  const isPresent = state.kind === "present";
  const explanation = isPresent
    ? `${file} contains the line, but it has no effect there. It will be moved to the top of the file as:`
    : `This line will be added to the top of ${file}, between two marker comments:`;
  return {
    message: isPresent
      ? "Correct the GPU Dev line in your SSH config?"
      : "Add a line to your SSH config?",
    detail: [
      `Remote - SSH cannot find ${host} without it. ${explanation}`,
      `Include "${includePath}"`,
      "Nothing else in the file changes. A terminal works without the line.",
    ].join("\n\n"),
    confirm: isPresent ? "Correct Line" : "Add Line",
  };
}

/** Microsoft's Remote-SSH and the compatible extensions use this remote name. */
const SSH_REMOTE = "ssh-remote";

const MICROSOFT: RemoteSsh = { id: "ms-vscode-remote.remote-ssh", section: "remote.SSH" };
const CURSOR: RemoteSsh = { id: "anysphere.remote-ssh", section: "remote.SSH" };
const WINDSURF: RemoteSsh = {
  id: "codeium.windsurf-remote-openssh",
  section: "remote.windsurfSSH",
};
const ANTIGRAVITY: RemoteSsh = {
  id: "google.antigravity-remote-openssh",
  section: "remote.antigravitySSH",
};
const OPEN: RemoteSsh = { id: "jeanp413.open-remote-ssh", section: "remote.SSH" };
const ALL = [MICROSOFT, CURSOR, WINDSURF, ANTIGRAVITY, OPEN];

const BY_EDITOR = [
  { editor: /^Visual Studio Code/, remoteSsh: MICROSOFT },
  { editor: /^Cursor/, remoteSsh: CURSOR },
  { editor: /^Windsurf/, remoteSsh: WINDSURF },
  { editor: /^Antigravity/, remoteSsh: ANTIGRAVITY },
];

function hostFromHex(label: string): string | undefined {
  if (!/^(?:[0-9a-f]{2})+$/i.test(label)) return undefined;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(label, "hex").toString("utf8"));
    if (typeof parsed !== "object" || parsed === null || !("hostName" in parsed)) return undefined;
    return typeof parsed.hostName === "string" ? parsed.hostName : undefined;
  } catch {
    // A plain host name may consist of hex digits by chance.
    return undefined;
  }
}

function withoutUserAndPort(label: string): string {
  return label.slice(label.lastIndexOf("@") + 1).replace(/:\d+$/, "");
}
