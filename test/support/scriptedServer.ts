import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
) => void | Promise<void>;

export interface ScriptedServer {
  readonly url: string;
  /** "GET /v1/me" for each request, oldest first. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** An HTTP server on loopback that responds by the handlers of a test, keyed by "METHOD /path". */
export async function startScriptedServer(
  handlers: Readonly<Record<string, Handler>>,
): Promise<ScriptedServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? "").split("?")[0] ?? "";
    const key = `${request.method ?? ""} ${path}`;
    requests.push(key);
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const handler = handlers[key] ?? notFound;
      void handler(request, response, body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  const type = status < 400 ? "application/json" : "application/problem+json";
  response.writeHead(status, { "content-type": type }).end(JSON.stringify(body));
}

export function problem(status: number, code: string, detail = "Because.") {
  return { type: "about:blank", title: "No", status, detail, code, requestId: "r1" };
}

const notFound: Handler = (_request, response) => {
  json(response, 404, problem(404, "not_found"));
};
