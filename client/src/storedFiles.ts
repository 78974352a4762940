import { dirname } from "node:path";
import * as z from "zod";
import { withFileLock } from "@gpu-dev/shared/fileLock.ts";
import { systemClock } from "./clock.ts";
import { parseJson } from "./http/transport.ts";
import type { ClientPaths } from "./paths.ts";
import { type Credential, credential } from "./signIn/credential.ts";
import { atomicWrite } from "./ssh/atomicWrite.ts";
import { readIfExists, realFileSystem } from "./ssh/fileSystem.ts";

const settingsSchema = z.object({
  server: z.string().optional(),
  /** A private key that is used instead of our own pair. */
  identity: z.string().optional(),
  /** The type that was last chosen from the wizard, which offers it first. */
  lastType: z.string().optional(),
});
export type Settings = z.infer<typeof settingsSchema>;

/**
 * A small JSON file with mode 0600 that is replaced as a whole. Several processes may change it at
 * once.
 */
export interface JsonFile<T> {
  read(): Promise<T>;
  update(change: (value: T) => T): Promise<T>;
}

/** The settings and credentials that the command line and scripts share. */
export interface StoredFiles {
  readonly settings: JsonFile<Settings>;
  /** By server and user, as storedCredentials.ts describes. */
  readonly credentials: JsonFile<Record<string, Credential>>;
}

export function openStoredFiles(paths: ClientPaths): StoredFiles {
  return {
    settings: jsonFile(paths.configFile, settingsSchema, {}),
    // A damaged file counts as signed out, so that "gpu-dev login" replaces it.
    credentials: jsonFile(paths.credentialsFile, z.record(z.string(), credential), {}, {}),
  };
}

function jsonFile<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  empty: z.output<Schema>,
  /** The value of a damaged file; by default it is an error. */
  ifDamaged?: z.output<Schema>,
): JsonFile<z.output<Schema>> {
  const read = async (): Promise<z.output<Schema>> => {
    const content = await readIfExists(realFileSystem, path);
    if (content === undefined) return empty;
    const parsed = schema.safeParse(parseJson(content.toString("utf8")));
    if (parsed.success) return parsed.data;
    if (ifDamaged !== undefined) return ifDamaged;
    const problem = parsed.error.issues[0]?.message ?? "not valid";
    throw new Error(`${path} is damaged (${problem}). Delete it and try again.`);
  };
  return {
    read,
    update: async (change) => {
      await realFileSystem.makeDirectory(dirname(path), 0o700);
      const lock = { path: `${path}.lock`, now: () => systemClock.now().getTime() };
      return withFileLock(lock, async () => {
        const value = change(await read());
        const target = { fs: realFileSystem, platform: process.platform };
        const text = Buffer.from(`${JSON.stringify(schema.encode(value), null, 2)}\n`);
        await atomicWrite(target, path, text, { newFileMode: 0o600 });
        return value;
      });
    },
  };
}
