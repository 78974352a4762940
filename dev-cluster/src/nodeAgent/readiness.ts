import { connect } from "node:net";
import { isAborted, pause } from "./abortSignals.ts";
import type { Container } from "./kubeTypes.ts";

/** While a container starts we look often, so that its readiness is seen within milliseconds. */
const STARTING_POLL_MILLIS = 20;
const FAILURES_TO_UNREADY = 3;
const CONNECT_TIMEOUT_MILLIS = 1_000;

/** Follows a container's readiness until `over`. Without a probe it is ready at once. */
export async function followReadiness(
  container: Container,
  address: string,
  onChange: (ready: boolean) => void,
  over: AbortSignal,
): Promise<void> {
  const port = probePort(container);
  if (port === undefined) {
    onChange(true);
    return;
  }
  const period = (container.readinessProbe?.periodSeconds ?? 10) * 1_000;
  let ready = false;
  let failures = 0;
  while (!over.aborted) {
    const answered = await canConnect(address, port);
    if (isAborted(over)) return;
    failures = answered ? 0 : failures + 1;
    if (answered !== ready && (answered || failures >= FAILURES_TO_UNREADY)) {
      ready = answered;
      onChange(ready);
    }
    const wait = ready ? period : STARTING_POLL_MILLIS;
    await pause(wait, over);
  }
}

function probePort({ readinessProbe, ports }: Container): number | undefined {
  const port = readinessProbe?.tcpSocket?.port;
  if (typeof port !== "string") return port;
  return ports?.find(({ name }) => name === port)?.containerPort ?? Number(port);
}

function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_TIMEOUT_MILLIS });
    const answer = (connected: boolean): void => {
      socket.destroy();
      resolve(connected);
    };
    socket.once("connect", () => {
      answer(true);
    });
    socket.once("error", () => {
      answer(false);
    });
    socket.once("timeout", () => {
      answer(false);
    });
  });
}
