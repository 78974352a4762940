import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TempDir {
  readonly path: string;
  remove(): Promise<void>;
}

/** Creates a private temporary folder. The caller removes it. */
export async function makeTempDir(purpose = "test"): Promise<TempDir> {
  const path = await mkdtemp(join(tmpdir(), `gpu-dev-${purpose}-`));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
