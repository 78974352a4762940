import type { FileHandle } from "node:fs/promises";

/** A directory being listed: the names not yet sent. */
export interface Listing {
  path: string;
  names: string[];
}

export type OpenThing = FileHandle | Listing;

/** The handles of one sftp session; all are closed with it. */
export class OpenHandles {
  readonly #open = new Map<number, OpenThing>();
  #next = 1;

  add(thing: OpenThing): Buffer {
    const id = this.#next++;
    this.#open.set(id, thing);
    const handle = Buffer.alloc(4);
    handle.writeUInt32BE(id);
    return handle;
  }

  file(handle: Buffer): FileHandle {
    const thing = this.#get(handle);
    if (thing === undefined || "names" in thing) throw invalidHandle();
    return thing;
  }

  listing(handle: Buffer): Listing {
    const thing = this.#get(handle);
    if (thing === undefined || !("names" in thing)) throw invalidHandle();
    return thing;
  }

  async close(handle: Buffer): Promise<void> {
    const thing = this.#get(handle);
    if (thing === undefined) throw invalidHandle();
    this.#open.delete(handle.readUInt32BE());
    if (!("names" in thing)) await thing.close();
  }

  async closeAll(): Promise<void> {
    const things = [...this.#open.values()];
    this.#open.clear();
    for (const thing of things) if (!("names" in thing)) await thing.close();
  }

  #get(handle: Buffer): OpenThing | undefined {
    return handle.length === 4 ? this.#open.get(handle.readUInt32BE()) : undefined;
  }
}

function invalidHandle(): NodeJS.ErrnoException {
  return Object.assign(new Error("invalid handle"), { code: "EBADF" });
}
