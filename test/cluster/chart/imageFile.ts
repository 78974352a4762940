import { readFileSync } from "node:fs";

export const ROOT = new URL("../../../", import.meta.url).pathname;
const FILE = `${ROOT}infra/images/control-plane/Dockerfile`;

export interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** The stages of the control plane's Dockerfile. Supports only the instructions used there. */
export function readStages(): Instruction[][] {
  const lines = readFileSync(FILE, "utf8")
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => line.trim() !== "");
  const stages: Instruction[][] = [];
  for (const line of lines) {
    const [, name = "", rest = ""] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (name === "FROM") stages.push([]);
    stages.at(-1)?.push({ name, rest });
  }
  return stages;
}

/** The environment variables that the image sets. */
export function imageEnvironment(): Record<string, string> {
  const last = readStages().at(-1) ?? [];
  return Object.fromEntries(
    last
      .filter(({ name }) => name === "ENV")
      .flatMap(({ rest }) => rest.split(/\s+/))
      .map((pair) => pair.split("=") as [string, string]),
  );
}

/** Whether `Dockerfile.dockerignore` excludes a path. */
export function isIgnored(path: string): boolean {
  const patterns = readFileSync(`${FILE}.dockerignore`, "utf8").split("\n").filter(Boolean);
  const parts = path.split("/");
  return patterns.some((pattern) =>
    pattern.startsWith("**/") ? parts.includes(pattern.slice(3)) : parts[0] === pattern,
  );
}
