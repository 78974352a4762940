import { Second } from "../platform/clock.ts";
import { Agent, request } from "node:https";
import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";

/** How an agent reaches a Kubernetes API server, ours or any other. */
export interface ApiAccess {
  /** Such as https://127.0.0.1:6443, without a path. */
  readonly url: string;
  /** PEM of the authority that signed the server's certificate. */
  readonly ca: string;
  /** Bearer token, if the agent authenticates with one. */
  readonly token?: string;
  /** PEM of a client certificate and its key, if the agent authenticates with them. */
  readonly cert?: string;
  readonly key?: string;
}

/**
 * An unsuccessful response of the API server. `status` is the HTTP status, such as 409 for a
 * conflict.
 */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T;
}

const REQUEST_TIMEOUT_MS = 30 * Second.ms;

/**
 * The few calls of the Kubernetes API that agents need, as raw JSON. The standard client would cost
 * this process 90 MB and more than a second of start-up, and would send the same requests.
 */
export class ApiClient {
  readonly #access: ApiAccess;
  readonly #agent: Agent;

  constructor(access: ApiAccess) {
    this.#access = access;
    this.#agent = new Agent({
      keepAlive: true,
      ca: access.ca,
      ...(access.cert === undefined ? {} : { cert: access.cert }),
      ...(access.key === undefined ? {} : { key: access.key }),
    });
  }

  get<T>(path: string): Promise<T> {
    return this.#call<T>("GET", path);
  }

  create<T>(path: string, body: unknown): Promise<T> {
    return this.#call<T>("POST", path, body, "application/json");
  }

  replace<T>(path: string, body: unknown): Promise<T> {
    return this.#call<T>("PUT", path, body, "application/json");
  }

  mergePatch<T>(path: string, body: unknown): Promise<T> {
    return this.#call<T>("PATCH", path, body, "application/merge-patch+json");
  }

  /** Lists such as conditions are merged by their keys. */
  strategicPatch<T>(path: string, body: unknown): Promise<T> {
    return this.#call<T>("PATCH", path, body, "application/strategic-merge-patch+json");
  }

  delete(path: string, options: unknown): Promise<unknown> {
    return this.#call("DELETE", path, options, "application/json");
  }

  /**
   * Resolves when the server ends the watch, rejects when it fails; `signal` stops it from this
   * side.
   */
  async watch<T>(
    path: string,
    onEvent: (event: WatchEvent<T>) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const response = await this.#send("GET", path, { signal });
    if (response.statusCode !== 200) throw await errorOf(response);
    for await (const line of createInterface({ input: response })) {
      if (line !== "") onEvent(JSON.parse(line) as WatchEvent<T>);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #call<T>(method: string, path: string, body?: unknown, contentType?: string): Promise<T> {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const response = await this.#send(method, path, { body, contentType, signal });
    if ((response.statusCode ?? 500) >= 300) throw await errorOf(response);
    return JSON.parse(await textOf(response)) as T;
  }

  #send(
    method: string,
    path: string,
    { body, contentType, signal }: SendOptions,
  ): Promise<IncomingMessage> {
    const { url, token } = this.#access;
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers: Record<string, string> = { Accept: "application/json" };
    if (token !== undefined) headers["Authorization"] = `Bearer ${token}`;
    if (contentType !== undefined) headers["Content-Type"] = contentType;
    if (payload !== undefined) headers["Content-Length"] = String(Buffer.byteLength(payload));
    return new Promise((resolve, reject) => {
      const sent = request(new URL(path, url), { method, headers, agent: this.#agent, signal });
      sent.once("error", reject);
      sent.once("response", resolve);
      sent.end(payload);
    });
  }
}

interface SendOptions {
  readonly body?: unknown;
  readonly contentType?: string | undefined;
  readonly signal: AbortSignal;
}

/** Whether the server reports that the object does not exist. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

/** Whether another client was faster: the object exists, or has changed since it was read. */
export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409;
}

/**
 * Whether the server will never accept this request, such as a patch with the uid of a replaced
 * object.
 */
export function isInvalid(error: unknown): boolean {
  return error instanceof ApiError && error.status === 422;
}

async function errorOf(response: IncomingMessage): Promise<ApiError> {
  const text = await textOf(response);
  let message = text.slice(0, 500);
  try {
    message = (JSON.parse(text) as { message?: string }).message ?? message;
  } catch {
    // No Status object: use the text.
  }
  return new ApiError(response.statusCode ?? 500, message);
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
