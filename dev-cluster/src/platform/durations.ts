/** Named units. Every number of milliseconds in dev-cluster is written with one of these. */
export const Second = { ms: 1_000 } as const;
export const Minute = { ms: 60_000 } as const;
export const Hour = { ms: 3_600_000 } as const;
export const Day = { ms: 86_400_000 } as const;
