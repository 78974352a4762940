import { execFile } from "node:child_process";
import { existsSync, globSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { Minute } from "@gpu-dev/shared/durations.ts";
import { hashedCacheFolder } from "./cacheFolder.ts";

const FOLDER = join(import.meta.dirname, "../../ssh-server");
const BUILD_TIMEOUT_MS = 5 * Minute.ms;
const PACKAGES = {
  /** The program of the ssh-server image. */
  "gpu-dev-sshd": "./cmd/gpu-dev-sshd",
  /** The same server with the paths of a test. */
  "test-server": "./internal/sshtest/server",
} as const;

export type SshServerProgram = keyof typeof PACKAGES;

/** The path of the program for the current sources, even if it is not built yet. */
export function sshServerPath(program: SshServerProgram): string {
  const names = globSync(["go.{mod,sum}", "{cmd,internal}/**/*.go"], { cwd: FOLDER })
    .filter((name) => !name.endsWith("_test.go"))
    .sort();
  const paths = names.map((name) => join(FOLDER, name));
  // A renamed file is a changed input too.
  return join(hashedCacheFolder("ssh-server", paths, `/${names.join()}`), program);
}

/** Builds the program as the Dockerfile of the image does, once for each state of the sources. */
export async function sshServerProgram(program: SshServerProgram): Promise<string> {
  const path = sshServerPath(program);
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${String(process.pid)}`;
  const flags = ["-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", temporary];
  // -C must be the first option.
  await promisify(execFile)("go", ["build", "-C", FOLDER, ...flags, PACKAGES[program]], {
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly", GOTOOLCHAIN: "local" },
    timeout: BUILD_TIMEOUT_MS,
  });
  renameSync(temporary, path);
  return path;
}
