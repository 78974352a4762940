import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { ServerChannel } from "ssh2";
import { createOutputQueue, reportExit, signalGroup, signalNumber } from "./sessionChannel.ts";

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
 */
export function startPiped({ channel, argv, cwd, env }: PipedOptions): PipedProcess {
  const [file, ...args] = argv;
  const child = spawn(file, args, { cwd, env, detached: true, stdio: ["pipe", "pipe", "pipe"] });
  const { stdin, stdout, stderr } = child;
  stdin.on("error", () => undefined);
  channel.pipe(stdin);
  const output = createOutputQueue(channel);
  output.carry(stdout, channel);
  output.carry(stderr, channel.stderr);
  const disconnect = (): void => {
    closeAll(stdin, stdout, stderr);
  };
  channel.on("close", disconnect);
  channel.on("error", disconnect);
  child.on("error", (error) => {
    channel.stderr.write(`The command can't be started: ${error.message}\n`);
    reportExit(channel, 127);
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

function closeAll(stdin: Writable, ...outputs: Readable[]): void {
  stdin.end();
  for (const output of outputs) output.destroy();
}
