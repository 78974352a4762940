import { dirname } from "node:path";
import type { z } from "zod";
import { atomicWrite } from "@gpu-dev/client/ssh/atomicWrite.ts";
import { withFileLock } from "@gpu-dev/client/ssh/fileLock.ts";
import { readIfThere, realFileSystem } from "@gpu-dev/client/ssh/sshFileSystem.ts";
import { systemClock } from "@gpu-dev/client/clock.ts";
import { CliError } from "./exitCodes.ts";

/** A small JSON file of ours, 0600, replaced as a whole; several processes may change it at once. */
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
    const content = await readIfThere(realFileSystem, path);
    if (content === null) return empty;
    const parsed = schema.safeParse(parse(content.toString("utf8")));
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
      const lock = {
        fs: realFileSystem,
        path: `${path}.lock`,
        now: () => systemClock.now().getTime(),
      };
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

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
