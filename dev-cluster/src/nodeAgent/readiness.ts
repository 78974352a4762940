import { Second } from "../platform/clock.ts";
import { connect } from "node:net";
import { Client } from "ssh2";
import { isAborted, pause } from "../platform/abortSignals.ts";
import type { Container } from "./kubeTypes.ts";

/** Frequent while a container starts, so that its readiness is visible within milliseconds. */
const STARTING_POLL_MS = 20;
const FAILURES_TO_UNREADY = 3;
const CONNECT_TIMEOUT_MS = Second.ms;
const LOGIN_TIMEOUT_MS = 5 * Second.ms;
const SSH_PORT_NAME = "ssh";

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
  const probe = probeOf(container, address);
  if (probe === undefined) {
    onChange(true);
    return;
  }
  const period = (container.readinessProbe?.periodSeconds ?? 10) * Second.ms;
  let ready = false;
  let failures = 0;
  while (!ended.aborted) {
    const hasPassed = await probe();
    if (isAborted(ended)) return;
    failures = hasPassed ? 0 : failures + 1;
    if (hasPassed !== ready && (hasPassed || failures >= FAILURES_TO_UNREADY)) {
      ready = hasPassed;
      onChange(ready);
    }
    const wait = ready ? period : STARTING_POLL_MS;
    await pause(wait, ended);
  }
}

/**
 * Whether a login is possible, as `gpu-dev-sshd check` finds out: the server exchanges keys and
 * answers that a public key may log in, which it does once it has read the authorized keys.
 */
export async function canLogIn(host: string, port: number): Promise<boolean> {
  if (!(await canConnect(host, port))) return false;
  return new Promise((resolve) => {
    const client = new Client();
    const finish = (isPossible: boolean): void => {
      client.destroy();
      resolve(isPossible);
    };
    client.on("error", ({ level }) => {
      finish(level === "client-authentication");
    });
    client.once("close", () => {
      finish(false);
    });
    // Without a key, the only attempt is the one that asks for the methods.
    client.connect({ host, port, username: "dev", readyTimeout: LOGIN_TIMEOUT_MS });
  });
}

/** Undefined without a probe that this agent knows. */
function probeOf(
  { readinessProbe, ports }: Container,
  address: string,
): (() => Promise<boolean>) | undefined {
  const portNamed = (name: string): number =>
    ports?.find((port) => port.name === name)?.containerPort ?? Number(name);
  // The agent runs its own SSH server in place of the program, and its own check likewise.
  const [program, subcommand] = readinessProbe?.exec?.command ?? [];
  if (program?.endsWith("/gpu-dev-sshd") === true && subcommand === "check") {
    return () => canLogIn(address, portNamed(SSH_PORT_NAME));
  }
  const port = readinessProbe?.tcpSocket?.port;
  if (port === undefined) return undefined;
  return () => canConnect(address, typeof port === "string" ? portNamed(port) : port);
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
