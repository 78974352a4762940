import * as z from "zod";
import { ERROR_CODES, type ErrorCode } from "../errors.ts";
import { problem } from "./problem.ts";
import { idempotencyKey, routes, type Route } from "./routes.ts";

type Json = Record<string, unknown>;

/** The errors that any request may cause, in addition to those of its route. */
const ALWAYS: readonly ErrorCode[] = [
  "invalid_request",
  "origin_refused",
  "method_not_allowed",
  "request_timeout",
  "headers_too_large",
  "rate_limited",
  "internal_error",
  "database_unavailable",
  "shutting_down",
];
const WITH_BODY: readonly ErrorCode[] = ["body_too_large", "unsupported_media_type"];

/** Endpoints without sign-in, which are not part of the versioned API. */
const OPERATIONAL = [
  {
    path: "/healthz",
    operationId: "getHealth",
    summary: "Whether the process runs",
    type: "application/json",
    schema: z.object({ status: z.literal("ok") }),
  },
  {
    path: "/readyz",
    operationId: "getReadiness",
    summary: "Whether the database can be used and the server is not stopping",
    type: "application/json",
    schema: z.object({ status: z.literal("ready") }),
  },
  {
    path: "/metrics",
    operationId: "getMetrics",
    summary: "Metrics in the text format of Prometheus",
    type: "text/plain",
    schema: z.string(),
  },
  {
    path: "/openapi.json",
    operationId: "getOpenApi",
    summary: "This document",
    type: "application/json",
    schema: z.looseObject({ openapi: z.string() }),
  },
] as const;

const lastEventId = z
  .string()
  .meta({ description: "The id of the last event received; the stream resumes after it" });
const ifNoneMatch = z
  .string()
  .meta({ description: "An ETag of an earlier response; 304 if nothing has changed since" });

const header = (description: string, schema: Json, required = true): Json => ({
  description,
  required,
  schema,
});
const REQUEST_ID = header("The id of this request in the server's log", {
  type: "string",
  format: "uuid",
});
const ETAG = header("Identifies the content; send it as If-None-Match", {
  type: "string",
  pattern: '^W/"[A-Za-z0-9_-]+"$',
});
const RETRY_AFTER = header("Seconds to wait before another try", {
  type: "integer",
  minimum: 1,
});
const ERROR_HEADERS: Readonly<Record<number, Json>> = {
  401: { "WWW-Authenticate": header("The scheme to sign in with", { type: "string" }) },
  405: { Allow: header("The methods of this path", { type: "string" }) },
  429: { "Retry-After": RETRY_AFTER },
  503: { "Retry-After": RETRY_AFTER },
};

/** The OpenAPI 3.1 document of the route table. Pure: the same table gives the same document. */
export function buildOpenApi(version: string): Json {
  const schemas: Json = {};
  const paths: Record<string, Json> = {};
  for (const [operationId, route] of Object.entries(routes) as [string, Route][]) {
    const path = route.path.replaceAll(/:([A-Za-z]+)/g, "{$1}");
    paths[path] = {
      ...paths[path],
      [route.method]: describeRoute(operationId, route, schemas),
    };
  }
  for (const endpoint of OPERATIONAL) {
    paths[endpoint.path] = { get: describeEndpoint(endpoint, schemas) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "GPU Dev Servers",
      version,
      description:
        "Errors are application/problem+json; branch on `code`, show `detail`. Reads carry an ETag and honour If-None-Match. HEAD is served wherever GET is.",
    },
    paths,
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "A token of POST /v1/tokens" },
      },
      schemas,
    },
  };
}

function describeRoute(operationId: string, route: Route, schemas: Json): Json {
  const parameters = parametersOf(route, schemas);
  const body = route.body && schemaOf(route.body, "input", schemas);
  return {
    operationId,
    summary: route.summary,
    security: route.access === "public" ? [] : [{ token: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body && {
      requestBody: { required: true, content: { "application/json": { schema: body } } },
    }),
    responses: responsesOf(route, schemas),
  };
}

function describeEndpoint(
  { operationId, summary, type, schema }: (typeof OPERATIONAL)[number],
  schemas: Json,
): Json {
  return {
    operationId,
    summary,
    security: [],
    responses: {
      "200": {
        description: summary,
        headers: headersOf(),
        content: { [type]: { schema: schemaOf(schema, "output", schemas) } },
      },
      ...errorsOf(ALWAYS, schemas),
    },
  };
}

type Parameter = readonly [name: string, where: "path" | "query" | "header", schema: z.ZodType];

function parametersOf(route: Route, schemas: Json): Json[] {
  const parameters: Parameter[] = [
    ...fieldsOf("path", route.params),
    ...fieldsOf("query", route.query),
  ];
  if (route.idempotent === true) parameters.push(["Idempotency-Key", "header", idempotencyKey]);
  if (route.stream === "sse") parameters.push(["Last-Event-ID", "header", lastEventId]);
  else if (route.method === "get") parameters.push(["If-None-Match", "header", ifNoneMatch]);
  return parameters.map(([name, where, schema]) => ({
    name,
    in: where,
    required: where === "path",
    schema: schemaOf(schema, "input", schemas),
  }));
}

function fieldsOf(where: "path" | "query", object: z.ZodObject | undefined): Parameter[] {
  return Object.entries(object?.shape ?? {}).map(([name, schema]) => [
    name,
    where,
    schema as z.ZodType,
  ]);
}

function responsesOf(route: Route, schemas: Json): Json {
  const { status, schema } = route.response;
  const isStream = route.stream === "sse";
  const hasEtag = route.method === "get" && !isStream;
  const headers = headersOf(hasEtag ? { ETag: ETAG } : {});
  const success = {
    description: isStream ? "A stream; the data of each message is this" : route.summary,
    headers,
    ...(schema && {
      content: {
        [isStream ? "text/event-stream" : "application/json"]: {
          schema: schemaOf(schema, "output", schemas),
        },
      },
    }),
  };
  const codes = [...ALWAYS, ...route.errors];
  if (route.body) codes.push(...WITH_BODY);
  if (route.access !== "public") codes.push("unauthenticated");
  if (route.access === "operator") codes.push("forbidden");
  return {
    [String(status)]: success,
    ...(hasEtag ? { "304": { description: "The client has this content already", headers } } : {}),
    ...errorsOf(codes, schemas),
  };
}

function errorsOf(codes: readonly ErrorCode[], schemas: Json): Json {
  const byStatus = Map.groupBy(new Set(codes), (code) => ERROR_CODES[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, names]) => [
      String(status),
      {
        description: names.map((code) => `\`${code}\`: ${ERROR_CODES[code].title}`).join("; "),
        headers: headersOf(ERROR_HEADERS[status]),
        content: {
          "application/problem+json": { schema: schemaOf(problem, "output", schemas) },
        },
      },
    ]),
  );
}

function headersOf(more: Json = {}): Json {
  return { "X-Request-Id": REQUEST_ID, ...more };
}

/**
 * The JSON Schema of a schema. Named ones, also inside it, are moved to `schemas` and referred to.
 */
function schemaOf(schema: z.ZodType, io: "input" | "output", schemas: Json): Json {
  const { properties, $defs } = z.toJSONSchema(z.object({ schema }), {
    io,
    override: ({ jsonSchema }) => {
      // Clients ignore fields that they do not know; only requests are refused for them.
      if (io === "output" && jsonSchema.additionalProperties === false) {
        delete jsonSchema.additionalProperties;
      }
      // Every integer of JavaScript is within these.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  }) as unknown as { readonly properties: { readonly schema: Json }; readonly $defs?: Json };
  for (const [name, definition] of Object.entries($defs ?? {})) {
    const described = referToComponents(definition);
    if (JSON.stringify(schemas[name] ?? described) !== JSON.stringify(described)) {
      throw new Error(`${name} differs between requests and responses; give them two names`);
    }
    schemas[name] = described;
  }
  return referToComponents(properties.schema);
}

function referToComponents(schema: unknown): Json {
  const text = JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/');
  return JSON.parse(text) as Json;
}
