import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The mirror from which this machine gets its own packages. */
export function packageMirror(suite: string): string {
  const folder = "/etc/apt/sources.list.d";
  const files = ["/etc/apt/sources.list", ...listed(folder).map((name) => join(folder, name))];
  for (const text of files.filter(existsSync).map((path) => readFileSync(path, "utf8"))) {
    const line = new RegExp(`^deb (?:\\[.*?\\] )?(\\S+) ${suite} .*\\bmain\\b`, "m").exec(
      text,
    )?.[1];
    if (line !== undefined) return line;
    for (const part of text.split(/\n\s*\n/)) {
      const suites = /^Suites: *(.*)$/m.exec(part)?.[1]?.split(" ") ?? [];
      const uri = /^URIs: *(\S+)/m.exec(part)?.[1];
      if (suites.includes(suite) && uri !== undefined) return uri;
    }
  }
  throw new Error(`no source in /etc/apt provides ${suite}`);
}

/** The code name of this machine's Debian: "bookworm". */
export function debianSuite(): string {
  const suite = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  if (suite === undefined) throw new Error("/etc/os-release does not name a Debian release");
  return suite;
}

function listed(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
