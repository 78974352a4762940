import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { ServerChannel } from "ssh2";
import { reportExit, signalNumber } from "./exitReport.ts";

export interface PipedProcess {
  signal(name: NodeJS.Signals): void;
}

export interface PipedOptions {
  channel: ServerChannel;
  argv: readonly [string, ...string[]];
  cwd: string;
  env: Record<string, string>;
}

/**
 * Runs a program without a terminal, its three streams on the channel. As with sshd, the channel ends when the program has ended and
 * nobody holds its output any more; losing the channel closes the streams but kills nothing, so that what was put
 * into the background lives on.
 */
export function startPiped({ channel, argv, cwd, env }: PipedOptions): PipedProcess {
  const [file, ...args] = argv;
  const child = spawn(file, args, { cwd, env, detached: true, stdio: ["pipe", "pipe", "pipe"] });
  const { stdin, stdout, stderr } = child;
  stdin.on("error", () => undefined);
  channel.pipe(stdin);
  const output = new OutputQueue(channel);
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

/**
 * Writes one chunk of one stream at a time and reads on when it is through. The library keeps a single place for what the client's
 * window did not take: two streams that wait at once would garble each other.
 */
class OutputQueue {
  readonly #channel: ServerChannel;
  #last: Promise<void> = Promise.resolve();

  constructor(channel: ServerChannel) {
    this.#channel = channel;
  }

  carry(source: Readable, target: Writable): void {
    source.on("data", (chunk: Buffer) => {
      source.pause();
      this.#last = this.#last.then(() => this.#write(target, chunk));
      void this.#last.then(() => source.resume());
    });
  }

  written(): Promise<void> {
    return this.#last;
  }

  #write(target: Writable, chunk: Buffer): Promise<void> {
    return new Promise((resolve) => {
      target.write(chunk, () => {
        forgetWritten(this.#channel);
        resolve();
      });
    });
  }
}

/**
 * The library (ssh2 1.17) never clears the chunk that waited for the client's window. When the other stream has to wait next, it
 * would send the old chunk once more in the place of the new one, and call its callback a second time.
 */
function forgetWritten(channel: ServerChannel): void {
  Object.assign(channel, {
    _chunk: undefined,
    _chunkcb: undefined,
    _chunkErr: undefined,
    _chunkcbErr: undefined,
  });
}

function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch {
    // The group is gone already.
  }
}
