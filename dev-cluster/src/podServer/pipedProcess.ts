import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { ServerChannel } from "ssh2";
import { OUTPUT_REFUSED } from "./protocol.ts";
import {
  createOutputQueue,
  reportExit,
  reportNotStarted,
  signalGroup,
  signalNumber,
} from "./sessionChannel.ts";

export interface PipedProcess {
  signal(name: NodeJS.Signals): void;
}

export interface PipedOptions {
  readonly channel: ServerChannel;
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Runs a program without a terminal, with its three streams on the channel. As with sshd, the
 * channel ends when the program has ended and no process holds its output open. When the channel
 * closes, the streams close and nothing is killed, so that background processes keep running.
 * Throws an Error if the program cannot be started.
 */
export function startPiped({ channel, argv, cwd, env }: PipedOptions): PipedProcess {
  const [file, ...args] = argv;
  const child = spawn(file, args, { cwd, env, detached: true, stdio: ["pipe", "pipe", "pipe"] });
  // A process that cannot be created may have no streams.
  const streams = child as { stdin?: Writable; stdout?: Readable; stderr?: Readable };
  const { stdin, stdout, stderr } = streams;
  for (const stream of [stdin, stdout, stderr]) stream?.on("error", () => undefined);
  if (stdin !== undefined) channel.pipe(stdin);
  const output = createOutputQueue(channel);
  if (stdout !== undefined) output.carry(stdout, channel);
  if (stderr !== undefined) output.carry(stderr, channel.stderr);
  const disconnect = (): void => {
    stdin?.end();
    stdout?.destroy();
    stderr?.destroy();
  };
  channel.on("close", disconnect);
  channel.on("error", disconnect);
  // The program's next write fails, as in a pipe. The client still receives errors.
  channel.on(OUTPUT_REFUSED, () => stdout?.destroy());
  child.on("error", (error) => {
    reportNotStarted(channel, error);
  });
  child.on("close", (code, signal) => {
    void output.written().then(() => {
      reportExit(channel, code, signal === null ? undefined : signalNumber(signal));
    });
  });
  return {
    signal: (name) => {
      if (child.exitCode === null && child.pid !== undefined) signalGroup(child.pid, name);
    },
  };
}
