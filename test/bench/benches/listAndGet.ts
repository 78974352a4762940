import { Agent, request } from "node:http";
import { cancel, reserve, until } from "../reserve.ts";
import type { Stack } from "../stack.ts";
import { ratio, summarise, type Figure } from "../statistics.ts";

const PER_SECOND = 500;
const SECONDS = 10;

/**
 * List and get at a fixed rate, open loop: each request is timed from its scheduled start, so a
 * server that falls behind is visible. Floor: the same rate against `/healthz`, which touches
 * neither database nor session.
 */
export async function listAndGet(stack: Stack): Promise<Figure[]> {
  const held = [];
  for (let i = 0; i < 20; i += 1) held.push(await reserve(stack, "b200", 8));
  const first = held[0]?.id ?? "";
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const authorization = `Bearer ${stack.token}`;
  const load = (paths: readonly string[]) => openLoop(stack.url, paths, agent, authorization);
  const floor = await load(["/healthz"]);
  const ours = await load(["/v1/reservations", `/v1/reservations/${first}`]);
  agent.destroy();
  for (const reservation of held) await cancel(stack, reservation);
  for (const reservation of held) await until(stack, reservation, ["ended"]);
  return [
    {
      name: "list-and-get",
      budget: `p99 20 ms at ${String(PER_SECOND)} requests/s`,
      figures: {
        "list and get in turn, ms": ours.times,
        "healthz, ms": floor.times,
        "ratio of p50": ratio(ours.times.p50, floor.times.p50),
        "responses other than 200": ours.failures,
        "rows in the list": held.length,
      },
    },
  ];
}

async function openLoop(
  url: string,
  paths: readonly string[],
  agent: Agent,
  authorization: string,
) {
  const times: number[] = [];
  let failures = 0;
  const pending: Promise<void>[] = [];
  const start = performance.now();
  for (let i = 0; i < PER_SECOND * SECONDS; i += 1) {
    const due = start + (1_000 * i) / PER_SECOND;
    const wait = due - performance.now();
    if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
    const path = paths[i % paths.length] ?? "/healthz";
    pending.push(
      get(url + path, agent, authorization).then((status) => {
        times.push(performance.now() - due);
        if (status !== 200) failures += 1;
      }),
    );
  }
  await Promise.all(pending);
  return { times: summarise(times), failures };
}

function get(url: string, agent: Agent, authorization: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { agent, headers: { authorization } }, (response) => {
      response.resume();
      response.on("end", () => {
        resolve(response.statusCode ?? 0);
      });
    })
      .on("error", reject)
      .end();
  });
}
