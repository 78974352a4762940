import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import type { Stack } from "./stack.ts";

let count = 0;

export function reserve(stack: Stack, gpuType: string, gpus: number): Promise<Reservation> {
  count += 1;
  return stack.client.call("createReservation", {
    body: { gpuType, gpus, durationSeconds: 3_600, name: `bench-${String(count)}` },
  });
}

export async function cancel(stack: Stack, { id }: Pick<Reservation, "id">): Promise<void> {
  await stack.client.call("cancelReservation", { params: { reservationId: id } });
}

/** Polls until the reservation is in one of these states. */
export async function until(
  stack: Stack,
  { id }: Pick<Reservation, "id">,
  states: readonly Reservation["state"][],
): Promise<Reservation> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const now = await stack.client.call("getReservation", { params: { reservationId: id } });
    if (states.includes(now.state)) return now;
    if (performance.now() > deadline) {
      throw new Error(`${now.name} stayed ${now.state} for a minute, not ${states.join(" or ")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
