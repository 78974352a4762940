import type { Event } from "@gpu-dev/shared/api/events.ts";
import type { ApiClient } from "@gpu-dev/client/http/apiClient.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";

const PAGE = 200;
const MOST_PAGES = 10;

/** All events of one reservation, oldest first, up to a bound that only a server in a crash loop could reach. */
export async function readTimeline(
  client: Pick<ApiClient, "call">,
  id: ReservationId,
  signal?: AbortSignal,
): Promise<{ readonly events: Event[]; readonly moreEvents: boolean }> {
  const events: Event[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await client.call("listReservationEvents", {
      params: { reservationId: id },
      query: { limit: PAGE, cursor },
      signal,
    });
    events.push(...answer.items);
    if (answer.nextCursor === null) return { events, moreEvents: false };
    cursor = answer.nextCursor;
  }
  return { events, moreEvents: true };
}
