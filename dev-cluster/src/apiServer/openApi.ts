import { RESOURCE_TYPES } from "../resources/registry.ts";
import { apiVersionOf, type ResourceType } from "../resources/resourceType.ts";
import { fieldsOf, fieldType, isObjectType, type FieldType } from "../schema/fieldTypes.ts";

const ROOT = "/openapi/v3";
const documents = new Map<string, object>();

/**
 * The kinds in OpenAPI 3, as kubectl reads them: `explain` shows their fields, and `apply` detects
 * that the server validates fields itself. Contains names and types, but none of upstream's
 * descriptions. Undefined for all other paths.
 */
export function describeApi(pathname: string): object | undefined {
  if (pathname === ROOT) return { paths: index() };
  if (!pathname.startsWith(`${ROOT}/`)) return undefined;
  const group = pathname.slice(ROOT.length + 1);
  const types = RESOURCE_TYPES.filter((type) => pathOf(type) === group);
  if (types.length === 0) return undefined;
  let document = documents.get(group);
  if (document === undefined) {
    document = documentOf(types);
    documents.set(group, document);
  }
  return document;
}

function index(): object {
  const groups = [...new Set(RESOURCE_TYPES.map(pathOf))];
  return Object.fromEntries(
    groups.map((group) => [group, { serverRelativeURL: `${ROOT}/${group}` }]),
  );
}

const pathOf = (type: ResourceType): string =>
  type.group === "" ? `api/${type.version}` : `apis/${apiVersionOf(type)}`;

function documentOf(types: readonly ResourceType[]): object {
  const schemas: Record<string, object> = {};
  for (const type of types) addSchema(schemas, type.kind, gvk(type));
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "v1" },
    paths: Object.fromEntries(types.map((type) => [objectPath(type), operations(type)])),
    components: { schemas },
  };
}

function objectPath(type: ResourceType): string {
  const scope = type.namespaced ? "/namespaces/{namespace}" : "";
  return `/${pathOf(type)}${scope}/${type.resource}/{name}`;
}

const gvk = ({ group, version, kind }: ResourceType) => ({ group, version, kind });

function operations(type: ResourceType): object {
  const schema = { $ref: reference(type.kind) };
  const response = { description: "OK", content: { "application/json": { schema } } };
  const operation = (action: string, names: readonly string[]) => ({
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": gvk(type),
    parameters: names.map((name) => ({ name, in: "query", schema: { type: "string" } })),
    responses: { 200: response },
  });
  return { get: operation("get", []), patch: operation("patch", ["dryRun", "fieldValidation"]) };
}

const reference = (name: string): string => `#/components/schemas/${name}`;

function addSchema(schemas: Record<string, object>, name: string, kind?: object): void {
  if (schemas[name] !== undefined) return;
  const properties: Record<string, object> = {};
  schemas[name] = {
    type: "object",
    properties,
    ...(kind === undefined ? {} : { "x-kubernetes-group-version-kind": [kind] }),
  };
  for (const field of fieldsOf(name)) {
    const type = fieldType(name, field);
    if (type === undefined) continue;
    if (isObjectType(type.name)) addSchema(schemas, type.name);
    properties[field] = propertyOf(type);
  }
}

function propertyOf({ name, many }: FieldType): object {
  const item = isObjectType(name)
    ? { $ref: reference(name) }
    : (SCALARS[name] ?? { type: "object" });
  if (many === "list") return { type: "array", items: item };
  return many === "map" ? { type: "object", additionalProperties: item } : item;
}

const SCALARS: Readonly<Record<string, object | undefined>> = {
  string: { type: "string" },
  boolean: { type: "boolean" },
  integer: { type: "integer" },
  number: { type: "number" },
  bytes: { type: "string", format: "byte" },
  time: { type: "string", format: "date-time" },
  microTime: { type: "string", format: "date-time" },
  quantity: { type: "string" },
  intOrString: { type: "string", format: "int-or-string" },
};
