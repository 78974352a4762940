import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createDevelopmentSecret,
  signDevelopmentClaims,
} from "@gpu-dev/shared/developmentProof.ts";
import type { UserId } from "@gpu-dev/shared/ids.ts";
import { startControlPlane, type Overrides } from "../../../control-plane/src/composition.ts";
import { readConfig } from "../../../control-plane/src/config.ts";
import { openDatabase, type Database } from "../../../control-plane/src/store/database.ts";
import { createLogger } from "../../../control-plane/src/platform/logger.ts";
import { observeServer } from "../../support/observedServers.ts";
import { assertConforms } from "../../support/openApi.ts";
import { createTestDatabase, type TestDatabase } from "../../support/postgres.ts";
import { makeTempDir } from "../../support/tempDir.ts";

export interface ApiResponse {
  readonly status: number;
  readonly headers: Headers;
  // Each test checks the content that it needs.
  readonly body: Record<string, unknown>;
}

export interface Caller {
  readonly id: UserId;
  readonly token: string;
  get(path: string, headers?: Record<string, string>): Promise<ApiResponse>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiResponse>;
  request(method: string, path: string, init?: RequestInit): Promise<ApiResponse>;
}

export interface ApiUnderTest {
  readonly url: string;
  readonly server: string;
  readonly secret: string;
  readonly database: Database;
  readonly databaseUrl: string;
  /** The users named "operator" and "admin" have these roles; all others have the role "user". */
  signIn(name: string): Promise<Caller>;
  /** Stops only the control plane; the database can still be read. */
  stopServer(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the API of the control plane in this process, on a free port, with its own database. */
export async function startApi(
  options: {
    readonly environment?: Record<string, string>;
    readonly overrides?: Overrides;
    readonly testDatabase?: TestDatabase;
    /** Defaults to a free port. */
    readonly port?: number;
  } = {},
): Promise<ApiUnderTest> {
  const testDatabase = options.testDatabase ?? (await createTestDatabase());
  const dir = await makeTempDir("api");
  const secret = createDevelopmentSecret();
  const secretFile = join(dir.path, "secret");
  await writeFile(secretFile, `${secret}\n`, { mode: 0o600 });
  const config = readConfig(
    ["--role", "api", "--port", String(options.port ?? 0), "--development-secret-file", secretFile],
    {
      DATABASE_URL: testDatabase.url,
      GPU_DEV_VALIDATE_RESPONSES: "true",
      GPU_DEV_LOG_LEVEL: "silent",
      GPU_DEV_WRITES_PER_SECOND: "10000",
      GPU_DEV_READS_PER_SECOND: "10000",
      GPU_DEV_ANONYMOUS_PER_SECOND: "10000",
      ...options.environment,
    },
  );
  if (!config) throw new Error("The arguments asked for the help text, not for a start.");
  const controlPlane = await startControlPlane(config, createLogger("silent"), options.overrides);
  const url = controlPlane.url ?? "";
  const stopObserving = observeServer(url);
  const database = openDatabase({ url: testDatabase.url, poolSize: 8 });
  const server = new URL(url).host;
  return {
    url,
    server,
    secret,
    database,
    databaseUrl: testDatabase.url,
    signIn: (name) => signIn(url, { secret, server, name }),
    stopServer: () => controlPlane.stop(),
    async stop() {
      await controlPlane.stop();
      stopObserving();
      await database.destroy();
      if (!options.testDatabase) await testDatabase.drop();
      await dir.remove();
    },
  };
}

async function signIn(
  url: string,
  { secret, server, name }: { secret: string; server: string; name: string },
): Promise<Caller> {
  const claims = { server, user: name, issuedAt: new Date().toISOString() };
  const body = { kind: "development", ...claims, proof: signDevelopmentClaims(secret, claims) };
  const response = await send(`${url}/v1/tokens`, jsonInit("POST", body));
  if (response.status !== 201) {
    throw new Error(`The sign-in of ${name} failed: ${JSON.stringify(response.body)}`);
  }
  const token = String(response.body["token"]);
  const authorization = `Bearer ${token}`;
  const request: Caller["request"] = (method, path, init = {}) =>
    send(`${url}${path}`, {
      ...init,
      method,
      headers: { authorization, ...(init.headers as Record<string, string> | undefined) },
    });
  return {
    id: (response.body["user"] as { id: UserId }).id,
    token,
    request,
    get: (path, headers = {}) => request("GET", path, { headers }),
    post: (path, body, headers = {}) => {
      const init = body === undefined ? {} : jsonInit("POST", body);
      const all = { ...(init.headers as Record<string, string> | undefined), ...headers };
      return request("POST", path, { ...init, headers: all });
    },
  };
}

export function jsonInit(method: string, body: unknown): RequestInit {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { method, headers: { "content-type": "application/json" }, body: text };
}

export async function send(url: string, init: RequestInit = {}): Promise<ApiResponse> {
  const response = await fetch(url, init);
  const text = await response.text();
  assertConforms({
    method: init.method ?? "GET",
    target: new URL(url).pathname,
    status: response.status,
    header: (name) => response.headers.get(name) ?? undefined,
    body: text,
  });
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  const body = isJson && text !== "" ? (JSON.parse(text) as Record<string, unknown>) : { text };
  return { status: response.status, headers: response.headers, body };
}

export const REQUEST = { gpuType: "h100", gpus: 2, durationSeconds: 3_600 };
