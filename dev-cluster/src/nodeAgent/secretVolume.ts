import {
  chownSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { createHash } from "node:crypto";
import type { PodUser } from "./containment.ts";
import type { Secret, Volume } from "./kubeTypes.ts";

type SecretSource = NonNullable<Volume["secret"]>;

const CURRENT = "..data";

/**
 * Writes a Secret's files as the kubelet does: into a directory of their own, to which the link
 * `..data` points, so that a reader sees all of the old files or all of the new ones. Does nothing
 * when the files are unchanged. File modes are as the pod declares.
 */
export function writeSecretVolume(
  directory: string,
  source: SecretSource,
  secret: Secret,
  user?: PodUser,
): void {
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const files = filesOf(source, secret);
  const hash = createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 16);
  const version = `..${hash}`;
  if (linkIs(directory, version)) return;
  const target = join(directory, version);
  rmSync(target, { recursive: true, force: true });
  for (const { path, mode, data } of files) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    writeFileSync(join(target, path), Buffer.from(data, "base64"), { mode });
  }
  writeFileSync(join(target, "..version"), version);
  if (user !== undefined) giveTo(user, target);
  rmSync(join(directory, "..data_new"), { force: true });
  symlinkSync(version, join(directory, "..data_new"));
  renameSync(join(directory, "..data_new"), join(directory, CURRENT));
  const names = new Set(files.map(({ path }) => path.split("/")[0] ?? path));
  for (const name of readdirSync(directory)) {
    if (name === CURRENT || name === version) names.delete(name);
    else if (!names.delete(name)) rmSync(join(directory, name), { recursive: true, force: true });
  }
  for (const name of names) symlinkSync(join(CURRENT, name), join(directory, name));
}

/**
 * Gives a directory and all in it to the pod's account. Does nothing if it has the directory, as
 * `fsGroupChangePolicy: OnRootMismatch` does.
 */
export function giveTo(user: PodUser | undefined, directory: string): void {
  if (user === undefined || statSync(directory).uid === user.uid) return;
  for (const name of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
    lchownSync(join(directory, name), user.uid, user.gid);
  }
  // Last, so that an interrupted change is completed at the next start.
  chownSync(directory, user.uid, user.gid);
}

interface SecretFile {
  readonly path: string;
  readonly mode: number;
  readonly data: string;
}

function filesOf(source: SecretSource, secret: Secret): SecretFile[] {
  const mode = source.defaultMode ?? 0o644;
  const data = secret.data ?? {};
  const items: NonNullable<SecretSource["items"]> =
    source.items ?? Object.keys(data).map((key) => ({ key, path: key }));
  return items.map((item) => {
    const value = data[item.key];
    if (value === undefined) {
      throw new Error(`Secret ${secret.metadata.name} has no key ${item.key}`);
    }
    return { path: item.path, mode: item.mode ?? mode, data: value };
  });
}

function linkIs(directory: string, version: string): boolean {
  try {
    return readFileSync(join(directory, CURRENT, "..version"), "utf8") === version;
  } catch {
    return false;
  }
}
