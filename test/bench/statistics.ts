/** One line of the result: the name, the budget as text, and the figures. */
export interface Figure {
  readonly name: string;
  readonly budget: string;
  readonly figures: Readonly<Record<string, unknown>>;
}

/** Summary of a series of measurements, in milliseconds unless the name says otherwise. */
export interface Summary {
  readonly samples: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Percentiles by nearest rank. The p99 of 50 samples is their maximum, which `samples` shows. */
export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (p: number): number =>
    round(sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN);
  return { samples: sorted.length, p50: rank(0.5), p95: rank(0.95), p99: rank(0.99), max: rank(1) };
}

export function ratio(ours: number, floor: number): number {
  return round(ours / floor);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
