import { dirname } from "node:path";
import * as z from "zod";
import { withFileLock } from "@gpu-dev/shared/fileLock.ts";
import { systemClock } from "@gpu-dev/client/clock.ts";
import { parseJson } from "@gpu-dev/client/http/transport.ts";
import {
  credential,
  DEFAULT_SERVER,
  serverOrigin as originOf,
} from "@gpu-dev/client/signIn/credential.ts";
import { atomicWrite } from "@gpu-dev/client/ssh/atomicWrite.ts";
import { readIfExists, realFileSystem } from "@gpu-dev/client/ssh/fileSystem.ts";
import { CliError } from "../output/exitCodes.ts";

export const settingsSchema = z.object({
  server: z.string().optional(),
  /** A private key that is used instead of our own pair. */
  identity: z.string().optional(),
});
export type Settings = z.infer<typeof settingsSchema>;

/** By the server's origin. */
export const credentialsSchema = z.record(z.string(), credential);

/** The origin of a server's URL. Throws a usage error for any other text. */
export function serverOrigin(text: string): string {
  const origin = originOf(text);
  if (origin !== null) return origin;
  throw new CliError(
    "usage",
    `"${text}" is not a valid server URL. Give one like ${DEFAULT_SERVER}.`,
  );
}

/**
 * A small JSON file of ours, 0600, replaced as a whole. Several processes may change it at once.
 */
export interface JsonFile<T> {
  read(): Promise<T>;
  update(change: (value: T) => T): Promise<T>;
}

export function jsonFile<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  empty: z.output<Schema>,
): JsonFile<z.output<Schema>> {
  const read = async (): Promise<z.output<Schema>> => {
    const content = await readIfExists(realFileSystem, path);
    if (content === null) return empty;
    const parsed = schema.safeParse(parseJson(content.toString("utf8")));
    if (parsed.success) return parsed.data;
    throw new CliError(
      "unexpected",
      `${path} is damaged (${parsed.error.issues[0]?.message ?? "not valid"}). Delete it and try again.`,
    );
  };
  return {
    read,
    update: async (change) => {
      await realFileSystem.makeDirectory(dirname(path), 0o700);
      const lock = { path: `${path}.lock`, now: () => systemClock.now().getTime() };
      return await withFileLock(lock, async () => {
        const value = change(await read());
        const target = { fs: realFileSystem, platform: process.platform };
        const text = Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
        await atomicWrite(target, path, text, { newFileMode: 0o600 });
        return value;
      });
    },
  };
}
