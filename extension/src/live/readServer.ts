import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import type { ApiClient } from "@gpu-dev/client/http/apiClient.ts";
import type {
  Availability,
  Catalogue,
  Disk,
  Event,
  Reservation,
} from "@gpu-dev/client/http/responses.ts";
import { listReservations } from "@gpu-dev/client/reservations.ts";
import { asError } from "../core/errors.ts";

export interface Reading {
  readonly reservations: readonly Reservation[];
  readonly availability: Availability;
  readonly disks: readonly Disk[];
  readonly catalogue: Catalogue;
}

const PAGE = 200;
const MAX_TIMELINE_PAGES = 10;

/** Reads everything. Parts that could not be read are missing, and `failure` is the first error. */
export async function readEverything(
  client: ApiClient,
  signal: AbortSignal,
): Promise<{ readonly read: Partial<Reading>; readonly failure: Error | undefined }> {
  let failure: Error | undefined;
  const orUndefined = async <T>(part: Promise<T>): Promise<T | undefined> => {
    try {
      return await part;
    } catch (error) {
      failure ??= asError(error);
      return undefined;
    }
  };
  const [reservations, availability, disks, catalogue] = await Promise.all([
    orUndefined(readReservations(client, signal)),
    orUndefined(client.call("getAvailability", { signal })),
    orUndefined(readDisks(client, signal)),
    orUndefined(client.call("getCatalogue", { signal })),
  ]);
  const read = {
    ...(reservations === undefined ? {} : { reservations }),
    ...(availability === undefined ? {} : { availability }),
    ...(disks === undefined ? {} : { disks }),
    ...(catalogue === undefined ? {} : { catalogue }),
  };
  return { read, failure };
}

/**
 * Live ones first: a reservation that ends between the reads is then in both lists. In the other
 * order, it could be in neither.
 */
async function readReservations(client: ApiClient, signal: AbortSignal): Promise<Reservation[]> {
  const live = await listReservations(client, "live", { signal });
  const ended = await listReservations(client, "ended", { signal, maxPages: 1 });
  return [...live, ...ended];
}

export async function readDisks(client: ApiClient, signal: AbortSignal): Promise<readonly Disk[]> {
  return (await client.call("listDisks", { signal })).items;
}

/** The events of one reservation, oldest first, up to a limit that only a crash loop reaches. */
export async function readTimeline(
  client: Pick<ApiClient, "call">,
  id: ReservationId,
  signal?: AbortSignal,
): Promise<{ readonly events: Event[]; readonly hasMore: boolean }> {
  const events: Event[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_TIMELINE_PAGES; page += 1) {
    const response = await client.call("listReservationEvents", {
      params: { reservationId: id },
      query: { limit: PAGE, cursor },
      signal,
    });
    events.push(...response.items);
    if (response.nextCursor === undefined) return { events, hasMore: false };
    cursor = response.nextCursor;
  }
  return { events, hasMore: true };
}
