import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "../support/runTool.ts";
import { hashedCacheFolder } from "../../support/cacheFolder.ts";

const SOURCES = join(import.meta.dirname, "../../../ssh-server");

/** The program of the ssh-server image, built as its Dockerfile does: once for each state of its sources. */
export async function sshServerProgram(): Promise<string> {
  const names = sourceNames();
  const paths = names.map((name) => join(SOURCES, name));
  // Go reads the names too: a file called x_windows.go is left out.
  const folder = hashedCacheFolder("ssh-server", paths, `/${names.join()}`);
  const path = join(folder, "gpu-dev-sshd");
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const made = `${path}.${String(process.pid)}`;
  // -C has to come first.
  const args = ["build", "-C", SOURCES, "-trimpath", "-buildvcs=false", "-ldflags", "-s -w"];
  const built = await runTool("go", [...args, "-o", made, "."], {
    env: { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly", GOTOOLCHAIN: "local" },
    timeoutMs: 300_000,
  });
  if (built.code !== 0) throw new Error(`the SSH server can't be built: ${built.stderr}`);
  renameSync(made, path);
  return path;
}

function sourceNames(): string[] {
  return readdirSync(SOURCES)
    .filter((name) => /^go\.(mod|sum)$|\.go$/.test(name) && !name.endsWith("_test.go"))
    .sort();
}
