/** The only place where a client reads its wall clock. Times that matter come from the server. */
export const systemClock = { now: (): Date => new Date(Date.now()) };

/** Resolves after `ms`, or as soon as the signal aborts; callers check the signal afterwards. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
  });
}
