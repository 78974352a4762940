import { appendFileSync, existsSync, readFileSync, renameSync, statSync } from "node:fs";

const MAX_BYTES = 1024 * 1024;

/** What a container wrote, at most two files of 1 MiB, and the last file of the life before. */
export class PodLog {
  readonly #path: string;
  #bytes: number;

  constructor(path: string) {
    this.#path = path;
    this.#bytes = existsSync(path) ? statSync(path).size : 0;
  }

  write(chunk: Buffer | string): void {
    if (this.#bytes > MAX_BYTES) {
      renameSync(this.#path, `${this.#path}.1`);
      this.#bytes = 0;
    }
    appendFileSync(this.#path, chunk, { mode: 0o600 });
    this.#bytes += Buffer.byteLength(chunk);
  }

  /** A new life of the container begins. */
  turnOver(): void {
    if (existsSync(this.#path)) renameSync(this.#path, `${this.#path}.previous`);
    this.#bytes = 0;
  }
}

export function readPodLog(path: string, tailLines?: number, previous = false): string {
  const files = previous ? [`${path}.previous`] : [`${path}.1`, path];
  const text = files.map((file) => (existsSync(file) ? readFileSync(file, "utf8") : "")).join("");
  if (tailLines === undefined) return text;
  const lines = text.split("\n");
  const last = lines.at(-1) === "" ? tailLines + 1 : tailLines;
  return tailLines === 0 ? "" : lines.slice(-last).join("\n");
}
