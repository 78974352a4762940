import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { createParser } from "eventsource-parser";

/** A response of the control plane, as it left the server or arrived at a client. */
export interface SeenResponse {
  readonly method: string;
  /** The path of the request, with its query. */
  readonly target: string;
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  /** Undefined if the client left before the end. */
  readonly body: string | undefined;
}

type Schema = Readonly<Record<string, unknown>>;

interface Described {
  readonly headers?: Readonly<
    Record<string, { readonly required?: boolean; readonly schema: Schema }>
  >;
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}

interface Document {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Record<string, Described> }>>>
  >;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const openApi = closeObjects(
  JSON.parse(
    readFileSync(new URL("../../openapi.json", import.meta.url), "utf8").replaceAll(
      '"#/components/schemas/',
      '"schemas#/$defs/',
    ),
  ),
) as Document;
// `strict` also refuses keywords that the validator would ignore.
const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
addFormats.default(ajv);
ajv.addSchema({ $id: "schemas", $defs: openApi.components.schemas });
/** Characters of a body that a message shows. */
const MAX_SHOWN = 2_000;
const validators = new WeakMap<Schema, ValidateFunction>();

/** Responses to requests that match no operation: an unknown path, or a method of no route. */
const UNMATCHED: Described = {
  headers: { "X-Request-Id": { required: true, schema: { type: "string" } } },
  content: { "application/problem+json": { schema: { $ref: "schemas#/$defs/Problem" } } },
};
const UNMATCHED_STATUSES = [400, 403, 404, 405, 408, 431, 503];

const paths = Object.entries(openApi.paths).map(([path, methods]) => ({
  pattern: new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/\{[A-Za-z]+\}/g, "[^/]+")}$`),
  methods,
}));

/** The ways in which a response differs from the published document; none if it conforms. */
export function findViolations(response: SeenResponse): string[] {
  const { method, target, status } = response;
  const described = describedAs(response);
  const found = described
    ? [...checkHeaders(response, described), ...checkBody(response, described)]
    : ["openapi.json does not describe this status"];
  return found.map((text) => `${method} ${target} responded ${String(status)}: ${text}`);
}

/** @throws an error that lists the differences */
export function assertConforms(response: SeenResponse): void {
  const violations = findViolations(response);
  if (violations.length > 0) throw new Error(violations.join("\n"));
}

function describedAs({ method, target, status }: SeenResponse): Described | undefined {
  const path = target.split("?")[0] ?? "";
  // HTTP defines HEAD by GET.
  const name = method === "HEAD" ? "get" : method.toLowerCase();
  const operation = paths.find(({ pattern, methods }) => pattern.test(path) && name in methods);
  if (operation) return operation.methods[name]?.responses[String(status)];
  return UNMATCHED_STATUSES.includes(status) ? UNMATCHED : undefined;
}

function* checkHeaders({ header }: SeenResponse, { headers = {} }: Described): Generator<string> {
  for (const [name, { required = false, schema }] of Object.entries(headers)) {
    const value = header(name.toLowerCase());
    if (value === undefined) {
      if (required) yield `the header ${name} is missing`;
    } else if (!isValid(schema, schema["type"] === "integer" ? Number(value) : value)) {
      yield `the header ${name} is "${value}"`;
    }
  }
}

function* checkBody(
  { method, header, body }: SeenResponse,
  { content }: Described,
): Generator<string> {
  const type = header("content-type")?.split(";")[0]?.trim();
  if (!content) {
    if (body !== undefined && body !== "") yield `the body should be empty: ${body}`;
    return;
  }
  const media = Object.entries(content).find(([name]) => name === type)?.[1];
  if (!media) {
    yield `the media type is ${String(type)}, not ${Object.keys(content).join(" or ")}`;
  } else if (method === "HEAD") {
    if (body !== undefined && body !== "") yield "a response to HEAD has a body";
  } else if (body !== undefined && media.schema) {
    for (const value of valuesOf(type, body)) {
      if (isValid(media.schema, value)) continue;
      const errors = ajv.errorsText(validators.get(media.schema)?.errors);
      yield `the body is not valid: ${errors}: ${JSON.stringify(value).slice(0, MAX_SHOWN)}`;
    }
  }
}

/** What a schema describes: the text, the JSON value, or the data of each message of a stream. */
function valuesOf(type: string | undefined, body: string): unknown[] {
  if (type === "text/plain") return [body];
  if (type !== "text/event-stream") return [JSON.parse(body)];
  const data: unknown[] = [];
  const parser = createParser({ onEvent: (message) => data.push(JSON.parse(message.data)) });
  parser.feed(body);
  return data;
}

function isValid(schema: Schema, value: unknown): boolean {
  let validate = validators.get(schema);
  if (!validate) {
    validate = ajv.compile(schema);
    validators.set(schema, validate);
  }
  return validate(value);
}

/**
 * Clients ignore fields that they do not know, so the document leaves objects open. The server
 * must not send undocumented fields, so here they are closed.
 */
function closeObjects(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closeObjects);
  if (typeof node !== "object" || node === null) return node;
  const closed = Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, closeObjects(value)]),
  );
  const isOpen = closed["type"] === "object" && "properties" in closed;
  return isOpen ? { additionalProperties: false, ...closed } : closed;
}
