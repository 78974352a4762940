/** One keystroke can arrive twice: from the terminal, and forwarded by npm. */
const SAME_KEYSTROKE_MS = 500;

export interface StopRequests {
  /** Resolves at the first request to stop. */
  readonly first: Promise<null>;
  /** Resolves at the second request, which asks to stop without waiting. */
  readonly second: Promise<null>;
  count(): number;
}

/**
 * Handles Ctrl-C, SIGTERM and a closed terminal from now on. The handlers are never removed:
 * another Ctrl-C during the last steps of the stop must not leave processes behind.
 */
export function listenForStop(): StopRequests {
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
