/** Does it for 0, 1, ... by so many at a time. */
export async function eachOf(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

export function tally(words: readonly string[]): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const word of words) counted[word] = (counted[word] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counted).sort(([, a], [, b]) => b - a));
}

export const round = (value: number): number => Math.round(value * 100) / 100;

/** Figures for people: nothing is asserted of them here. */
export function report(figures: Readonly<Record<string, unknown>>): void {
  for (const [what, value] of Object.entries(figures)) {
    process.stdout.write(`        ${what}: ${JSON.stringify(value)}\n`);
  }
}
