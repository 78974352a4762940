/** A client's only look at its own wall clock. Times that matter come from the server. */
export const systemClock = { now: (): Date => new Date(Date.now()) };
