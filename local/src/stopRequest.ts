/** The same keystroke may come twice: from the terminal, and forwarded by npm. */
const SAME_KEYSTROKE_MS = 500;

export interface StopRequests {
  /** Somebody wants it stopped. */
  readonly first: Promise<null>;
  /** Somebody does not want to wait. */
  readonly second: Promise<null>;
  count(): number;
}

/**
 * Listens for Ctrl-C, SIGTERM and a closed terminal from now on, in place of dying of them. There is no end to it:
 * one more Ctrl-C while the last things are put away must not leave them lying.
 */
export function stopRequests(): StopRequests {
  const first = Promise.withResolvers<null>();
  const second = Promise.withResolvers<null>();
  let count = 0;
  let last = -Infinity;
  const onSignal = (): void => {
    const now = performance.now();
    if (now - last < SAME_KEYSTROKE_MS) return;
    last = now;
    count += 1;
    (count === 1 ? first : second).resolve(null);
  };
  const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of names) process.on(name, onSignal);
  return {
    first: first.promise,
    second: second.promise,
    count: () => count,
  };
}
