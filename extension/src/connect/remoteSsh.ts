/** An extension that opens windows on ssh hosts, and where its settings lie. */
export interface RemoteSsh {
  readonly id: string;
  readonly section: string;
}

export interface RemoteSshChoice {
  /** The one that is installed; null: none. */
  readonly installed: RemoteSsh | null;
  /** The one that this editor can install. */
  readonly fitting: RemoteSsh;
}

/** Each editor of this class has its own, as Microsoft's may run in Microsoft's builds alone. */
export function remoteSshFor(appName: string, installedIds: readonly string[]): RemoteSshChoice {
  const fitting = BY_EDITOR.find(({ editor }) => editor.test(appName))?.remoteSsh ?? OPEN;
  const ids = new Set(installedIds.map((id) => id.toLowerCase()));
  // The editor's own first: another may be left over from imported settings.
  const installed = [fitting, ...ALL].find(({ id }) => ids.has(id)) ?? null;
  return { installed, fitting };
}

/** The setting for the platforms of hosts, with ours as Linux; null where it says so already. */
export function withLinux(before: unknown, host: string): Record<string, unknown> | null {
  const hosts = typeof before === "object" && before !== null ? { ...before } : {};
  if ((hosts as Record<string, unknown>)[host] === "linux") return null;
  return { ...hosts, [host]: "linux" };
}

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
