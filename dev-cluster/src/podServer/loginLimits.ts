import { randomInt } from "node:crypto";
import type { Socket } from "node:net";
import { Minute, Second } from "../platform/clock.ts";

export interface LoginLimitOptions {
  /** For the steps that involve no person. */
  readonly exchangeGraceMs: number;
  /** Leaves time to type a passphrase. */
  readonly loginGraceMs: number;
  /** From this number of connections on, a growing share is refused at random. */
  readonly softLimit: number;
  /** From this number of connections on, all are refused. */
  readonly hardLimit: number;
}

/** The same limits as the Go server's (`ssh-server/internal/login`). */
export const LOGIN_LIMITS: LoginLimitOptions = {
  exchangeGraceMs: 10 * Second.ms,
  loginGraceMs: 2 * Minute.ms,
  softLimit: 32,
  hardLimit: 128,
};

/** Bounds the connections without a login, in number and in time. */
export interface LoginLimits {
  /** Counts a new connection; closes it if there are too many, or when its time is up. */
  admit(socket: Socket): void;
  /** The keys are exchanged: the rest waits for a person. */
  startLogin(socket: Socket): void;
  /** The connection is logged in and is no longer counted. */
  finish(socket: Socket): void;
}

/**
 * A connection counts in the state that it is in: key exchange, which takes a moment, or login. A
 * client that fills one state cannot lock out everyone else for certain (sshd's MaxStartups).
 */
export function createLoginLimits(options: LoginLimitOptions = LOGIN_LIMITS): LoginLimits {
  const exchanging = createCounter(options);
  const loggingIn = createCounter(options);
  const release = new Map<Socket, () => void>();
  const finish = (socket: Socket): void => {
    release.get(socket)?.();
    release.delete(socket);
  };
  const enter = (socket: Socket, counter: Counter, graceMs: number): void => {
    finish(socket);
    if (socket.destroyed || !counter.acquire()) {
      socket.destroy();
      return;
    }
    const timer = setTimeout(() => socket.destroy(), graceMs);
    release.set(socket, () => {
      clearTimeout(timer);
      counter.release();
    });
  };
  return {
    admit: (socket) => {
      socket.once("close", () => {
        finish(socket);
      });
      enter(socket, exchanging, options.exchangeGraceMs);
    },
    startLogin: (socket) => {
      enter(socket, loggingIn, options.loginGraceMs);
    },
    finish,
  };
}

interface Counter {
  acquire(): boolean;
  release(): void;
}

function createCounter({ softLimit, hardLimit }: LoginLimitOptions): Counter {
  let count = 0;
  return {
    acquire: () => {
      const over = count - softLimit;
      if (count >= hardLimit || (over >= 0 && randomInt(hardLimit - softLimit + 1) <= over)) {
        return false;
      }
      count += 1;
      return true;
    },
    release: () => {
      count -= 1;
    },
  };
}
