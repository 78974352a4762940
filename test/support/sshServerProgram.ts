import { execFile } from "node:child_process";
import { existsSync, globSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { hashedCacheFolder } from "./cacheFolder.ts";

const FOLDER = join(import.meta.dirname, "../../ssh-server");
const BUILD_TIMEOUT_MS = 300_000;

/** Where the program for the current sources is or will be built; each state of them has its own path. */
export function sshServerPath(): string {
  const names = globSync(["go.{mod,sum}", "{cmd,internal}/**/*.go"], { cwd: FOLDER })
    .filter((name) => !name.endsWith("_test.go"))
    .sort();
  const paths = names.map((name) => join(FOLDER, name));
  // Names matter to Go as well: it ignores x_windows.go on Linux.
  return join(hashedCacheFolder("ssh-server", paths, `/${names.join()}`), "gpu-dev-sshd");
}

/** The program of the ssh-server image, built as its Dockerfile does, and kept in the user's cache. */
export async function sshServerProgram(): Promise<string> {
  const path = sshServerPath();
  if (existsSync(path)) return path;
  mkdirSync(join(path, ".."), { recursive: true });
  const temporary = `${path}.${String(process.pid)}`;
  const flags = ["-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", temporary];
  // -C has to come first.
  await promisify(execFile)("go", ["build", "-C", FOLDER, ...flags, "./cmd/gpu-dev-sshd"], {
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly", GOTOOLCHAIN: "local" },
    timeout: BUILD_TIMEOUT_MS,
  });
  renameSync(temporary, path);
  return path;
}
