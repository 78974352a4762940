/** Every command, as package.json names them; a test compares the two, and registerCommands registers them all. */
export const COMMAND_IDS = [
  "gpuDev.signIn",
  "gpuDev.signInAs",
  "gpuDev.signOut",
  "gpuDev.reserve",
  "gpuDev.connect",
  "gpuDev.connectNewWindow",
  "gpuDev.openTerminal",
  "gpuDev.copySshCommand",
  "gpuDev.extend",
  "gpuDev.cancel",
  "gpuDev.showDetails",
  "gpuDev.showLogs",
  "gpuDev.refresh",
  "gpuDev.openSettings",
  "gpuDev.showOutput",
  "gpuDev.reportProblem",
] as const;
export type CommandId = (typeof COMMAND_IDS)[number];

export const VIEW_IDS = ["gpuDev.reservations", "gpuDev.availability", "gpuDev.disks"] as const;
export type ViewId = (typeof VIEW_IDS)[number];

/** Keys for `when` clauses. `gpuDev.account` is "unknown", "signedOut" or "signedIn". */
export const CONTEXT_KEYS = ["gpuDev.account", "gpuDev.loaded"] as const;
export type ContextKey = (typeof CONTEXT_KEYS)[number];
