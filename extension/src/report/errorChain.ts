const DEEPEST = 8;

/** An error with its stack and all its causes, as text for a log. */
export function errorChain(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < DEEPEST && current !== undefined && current !== null; depth += 1) {
    parts.push(current instanceof Error ? (current.stack ?? current.message) : wordsOf(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join("\ncaused by: ");
}

function wordsOf(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    const json: unknown = JSON.stringify(value);
    if (typeof json === "string") return json;
  } catch {
    // A circle, or a number that JSON has no way to write.
  }
  return "a value that can't be written";
}
