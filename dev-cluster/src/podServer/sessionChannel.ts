import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import type { ServerChannel } from "ssh2";

/** Reports to the client how its program ended, then closes the channel after all output. */
export function reportExit(channel: ServerChannel, code: number | null, signal?: number): void {
  if (!channel.writable) return;
  const name = signal === undefined || signal === 0 ? undefined : signalName(signal);
  if (name === undefined) channel.exit(code ?? 1);
  else channel.exit(name, false, "");
  channel.end();
}

/** Exit status of a shell that cannot start a program. */
const NOT_STARTED = 127;

/** Tells the client why there is no program, and ends the channel as a shell would. */
export function reportNotStarted(channel: ServerChannel, error: unknown): void {
  if (channel.stderr.writable) channel.stderr.write(`${explain(error)}\r\n`);
  reportExit(channel, NOT_STARTED);
}

function explain(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  // The limit of Linux for one argument of a program.
  if (code === "E2BIG") return "The command is too long: its maximum is 128 KiB.";
  return `The command cannot be started: ${message}`;
}

/** The number of a signal name such as SIGTERM. */
export function signalNumber(name: NodeJS.Signals): number {
  return constants.signals[name];
}

/** Sends a signal to a process group; a group that has ended already is ignored. */
export function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch {
    // The group has ended.
  }
}

/** Carries a program's output streams to its channel. See `createOutputQueue`. */
export interface OutputQueue {
  /** Writes everything that the source yields to the target, a stream of the channel. */
  carry(source: Readable, target: Writable): void;
  /** Resolves when everything read so far is written. */
  written(): Promise<void>;
}

/**
 * Writes one chunk of one stream at a time and continues to read once it is sent. The library
 * stores what the client's window did not take in a single place: two streams that wait at the same
 * time would corrupt each other.
 */
export function createOutputQueue(channel: ServerChannel): OutputQueue {
  let last = Promise.resolve();
  const write = (target: Writable, chunk: Buffer): Promise<void> =>
    new Promise((resolve) => {
      target.write(chunk, () => {
        clearWaitingChunks(channel);
        resolve();
      });
    });
  return {
    carry: (source, target) => {
      source.on("data", (chunk: Buffer) => {
        source.pause();
        last = last.then(() => write(target, chunk));
        void last.then(() => source.resume());
      });
    },
    written: () => last,
  };
}

/**
 * The library (ssh2 1.17) never clears the chunk that waited for the client's window. When the
 * other stream has to wait next, it would send the old chunk again instead of the new one, and call
 * its callback a second time.
 */
function clearWaitingChunks(channel: ServerChannel): void {
  Object.assign(channel, {
    _chunk: undefined,
    _chunkcb: undefined,
    _chunkErr: undefined,
    _chunkcbErr: undefined,
  });
}

/** The protocol's name of a signal: without SIG. */
function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found === undefined ? "TERM" : found[0].replace(/^SIG/, "");
}
