import { delimiter, join } from "node:path";

/** The repository, from which the programs of pods run. */
export const REPOSITORY = join(import.meta.dirname, "../../..");
/** Programs that are added to the PATH of pods. */
export const OWN_BIN = join(import.meta.dirname, "bin");

/** The PATH without the project's own tool directories, which users must not see. */
export function machinePath(): string[] {
  const path = process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin";
  return path.split(delimiter).filter((entry) => !entry.includes("node_modules"));
}

/** Variables that a login on this machine also has; none of the agent's own settings or secrets. */
export function machineEnvironment(): Record<string, string> {
  const names = ["LANG", "LC_ALL", "TZ", "SHELL"];
  const found = names.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(
    found.filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}
