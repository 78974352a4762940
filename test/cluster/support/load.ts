/** Calls `work` for 0, 1, ... `count - 1`, with `concurrency` calls in progress. */
export async function eachOf(
  count: number,
  concurrency: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

/** Counts equal items, the most frequent first. */
export function tally(items: readonly string[]): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const item of items) counted[item] = (counted[item] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counted).sort(([, a], [, b]) => b - a));
}

export const round = (value: number): number => Math.round(value * 100) / 100;

/** Prints figures; the test asserts nothing about them. */
export function report(figures: Readonly<Record<string, unknown>>): void {
  for (const [label, value] of Object.entries(figures)) {
    process.stdout.write(`        ${label}: ${JSON.stringify(value)}\n`);
  }
}
