import { type Coalescer, createCoalescer } from "@gpu-dev/shared/coalesce.ts";
import type { Availability } from "@gpu-dev/client/http/responses.ts";
import { createEmitter, type Disposable } from "../core/emitter.ts";
import type { Live } from "../live/live.ts";
import type { AvailabilityOf } from "./startText.ts";

/**
 * Quotes for requests with a disk. The zone of a disk limits where a request can start, which the
 * server decides.
 */
export interface DiskAvailability extends Disposable {
  /** The first call for a disk starts a read; later changes of the availability repeat it. */
  readonly of: AvailabilityOf;
  readonly onDidChange: (listener: () => void) => Disposable;
}

interface Entry {
  readonly read: Coalescer;
  latest: Availability | undefined;
}

export function createDiskAvailability(options: {
  readonly live: Pick<Live, "state" | "onDidChange">;
  readonly read: (disk: string) => Promise<Availability>;
}): DiskAvailability {
  const { live, read } = options;
  const changes = createEmitter<undefined>();
  const entries = new Map<string, Entry>();
  const entryOf = (disk: string): Entry => {
    const existing = entries.get(disk);
    if (existing !== undefined) return existing;
    const created: Entry = {
      latest: undefined,
      read: createCoalescer(
        async () => {
          created.latest = await read(disk);
          changes.fire(undefined);
        },
        // The last known quote stays; the live state shows that the server is unavailable.
        () => undefined,
      ),
    };
    entries.set(disk, created);
    created.read.trigger();
    return created;
  };
  const subscription = live.onDidChange(({ availability }) => {
    if (availability) for (const entry of entries.values()) entry.read.trigger();
  });
  return {
    of: (disk) => (disk === undefined ? live.state.availability : entryOf(disk).latest),
    onDidChange: (listener) => changes.on(listener),
    dispose: () => {
      subscription.dispose();
      for (const entry of entries.values()) void entry.read.stop();
    },
  };
}
