import { delimiter } from "node:path";

/** Without the tool directories of the project itself, which are nothing of the user's. */
export function machinePath(): string[] {
  const path = process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin";
  return path.split(delimiter).filter((entry) => !entry.includes("node_modules"));
}

/** What a login on this machine would have anyway; nothing of the agent's own settings or secrets. */
export function machineEnvironment(): Record<string, string> {
  const names = ["LANG", "LC_ALL", "TZ", "SHELL"];
  const found = names.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(
    found.filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}
