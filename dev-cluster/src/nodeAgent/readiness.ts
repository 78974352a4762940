import { Second } from "../platform/clock.ts";
import { connect } from "node:net";
import { isAborted, pause } from "../platform/abortSignals.ts";
import type { Container } from "./kubeTypes.ts";

/** Frequent while a container starts, so that its readiness is visible within milliseconds. */
const STARTING_POLL_MS = 20;
const FAILURES_TO_UNREADY = 3;
const CONNECT_TIMEOUT_MS = Second.ms;

/**
 * Reports changes of a container's readiness until `ended`. Without a probe it is ready
 * immediately.
 */
export async function followReadiness(
  container: Container,
  address: string,
  onChange: (ready: boolean) => void,
  ended: AbortSignal,
): Promise<void> {
  const port = probePort(container);
  if (port === undefined) {
    onChange(true);
    return;
  }
  const period = (container.readinessProbe?.periodSeconds ?? 10) * Second.ms;
  let ready = false;
  let failures = 0;
  while (!ended.aborted) {
    const isConnectable = await canConnect(address, port);
    if (isAborted(ended)) return;
    failures = isConnectable ? 0 : failures + 1;
    if (isConnectable !== ready && (isConnectable || failures >= FAILURES_TO_UNREADY)) {
      ready = isConnectable;
      onChange(ready);
    }
    const wait = ready ? period : STARTING_POLL_MS;
    await pause(wait, ended);
  }
}

function probePort({ readinessProbe, ports }: Container): number | undefined {
  const port = readinessProbe?.tcpSocket?.port;
  if (typeof port !== "string") return port;
  return ports?.find(({ name }) => name === port)?.containerPort ?? Number(port);
}

function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_TIMEOUT_MS });
    const finish = (connected: boolean): void => {
      socket.destroy();
      resolve(connected);
    };
    socket.once("connect", () => {
      finish(true);
    });
    socket.once("error", () => {
      finish(false);
    });
    socket.once("timeout", () => {
      finish(false);
    });
  });
}
