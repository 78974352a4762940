import type { Readable } from "node:stream";

/**
 * The lines of a body, as they come. Its error is the reader's, thrown where it reads; an interface of node:readline would
 * also emit it by itself, and one that comes when nobody reads any more would end the process.
 */
export async function* linesOf(body: Readable): AsyncGenerator<string> {
  body.setEncoding("utf8");
  body.on("error", () => undefined);
  let rest = "";
  for await (const chunk of body) {
    const lines = `${rest}${String(chunk)}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
