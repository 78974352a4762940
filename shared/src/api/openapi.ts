import { OpenAPIRegistry, OpenApiGeneratorV31 } from "@asteasolutions/zod-to-openapi";
import * as z from "zod";
import { ERROR_CODES, type ErrorCode } from "../errors.ts";
import { problem } from "./problem.ts";
import { routes, type Route } from "./routes.ts";

type Response = Parameters<OpenAPIRegistry["registerPath"]>[0]["responses"][string];

/** The errors that every route may return, in addition to its own. */
const ALWAYS: readonly ErrorCode[] = [
  "invalid_request",
  "origin_refused",
  "rate_limited",
  "internal_error",
  "database_unavailable",
  "shutting_down",
];

/** The OpenAPI 3.1 document of the route table. Pure: the same table gives the same document. */
export function buildOpenApi(version: string) {
  const registry = new OpenAPIRegistry();
  const bearer = registry.registerComponent("securitySchemes", "token", {
    type: "http",
    scheme: "bearer",
    description: "A token of POST /v1/tokens",
  });
  for (const [operationId, route] of Object.entries(routes) as [string, Route][]) {
    registry.registerPath({
      operationId,
      method: route.method,
      path: route.path.replaceAll(/:([A-Za-z]+)/g, "{$1}"),
      summary: route.summary,
      ...(route.access === "public" ? { security: [] } : { security: [{ [bearer.name]: [] }] }),
      request: requestOf(route),
      responses: responsesOf(route),
    });
  }
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: "3.1.0",
    info: {
      title: "GPU Dev Servers",
      version,
      description:
        "Errors are application/problem+json; branch on `code`, show `detail`. Reads carry an ETag and honour If-None-Match.",
    },
  });
}

function requestOf(route: Route) {
  const idempotencyKey = z.object({
    "Idempotency-Key": z
      .string()
      .max(255)
      .optional()
      .meta({ description: "The same key gives the same response for a day" }),
  });
  const lastEventId = z.object({
    "Last-Event-ID": z
      .string()
      .optional()
      .meta({ description: "The id of the last event received; the stream resumes after it" }),
  });
  return {
    ...(route.params ? { params: route.params } : {}),
    ...(route.query ? { query: route.query } : {}),
    ...(route.idempotent ? { headers: idempotencyKey } : {}),
    ...(route.stream ? { headers: lastEventId } : {}),
    ...(route.body
      ? { body: { required: true, content: { "application/json": { schema: route.body } } } }
      : {}),
  };
}

function responsesOf(route: Route): Record<string, Response> {
  const { status, schema } = route.response;
  const type = route.stream === "sse" ? "text/event-stream" : "application/json";
  const responses: Record<string, Response> = {
    [String(status)]: {
      description: route.stream === "sse" ? "A stream; each event's data is this" : route.summary,
      ...(schema ? { content: { [type]: { schema } } } : {}),
    },
  };
  const codes = [
    ...ALWAYS,
    ...route.errors,
    ...(route.access === "public" ? [] : (["unauthenticated"] as const)),
  ];
  if (route.access === "operator") codes.push("forbidden");
  for (const [errorStatus, names] of byStatus(codes)) {
    responses[errorStatus] = {
      description: names.map((code) => `\`${code}\`: ${ERROR_CODES[code].title}`).join("; "),
      content: { "application/problem+json": { schema: problem } },
    };
  }
  return responses;
}

function byStatus(codes: readonly ErrorCode[]): [string, ErrorCode[]][] {
  const grouped = new Map<string, ErrorCode[]>();
  for (const code of new Set(codes)) {
    const status = String(ERROR_CODES[code].status);
    grouped.set(status, [...(grouped.get(status) ?? []), code]);
  }
  return [...grouped].sort(([a], [b]) => a.localeCompare(b));
}
