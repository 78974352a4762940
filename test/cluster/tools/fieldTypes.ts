import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startKubernetes } from "../support/kubernetes.ts";
import type { RawApi } from "../support/rawApi.ts";
import { applySnapshotKinds } from "../support/snapshotKinds.ts";

/** dev-cluster's table of the fields of each kind. */
export const FIELD_TYPES_FILE = join(
  import.meta.dirname,
  "../../../dev-cluster/src/schema/fieldTypes.json",
);

/** The kinds that dev-cluster serves, by API group. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  "api/v1": [
    "Namespace",
    "Node",
    "Pod",
    "Service",
    "Secret",
    "ConfigMap",
    "ServiceAccount",
    "Event",
    "PersistentVolumeClaim",
    "PersistentVolume",
  ],
  "apis/batch/v1": ["Job"],
  "apis/coordination.k8s.io/v1": ["Lease"],
  "apis/networking.k8s.io/v1": ["NetworkPolicy"],
  "apis/policy/v1": ["PodDisruptionBudget"],
  "apis/snapshot.storage.k8s.io/v1": [
    "VolumeSnapshot",
    "VolumeSnapshotContent",
    "VolumeSnapshotClass",
  ],
  "apis/storage.k8s.io/v1": ["StorageClass"],
};

interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly type?: string;
  readonly format?: string;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly "x-kubernetes-patch-merge-key"?: string;
  readonly "x-kubernetes-patch-strategy"?: string;
}

type Types = Record<string, Record<string, string>>;

/** Types with a name of their own that are scalars on the wire. */
const SCALARS: Readonly<Record<string, string>> = {
  Quantity: "quantity",
  IntOrString: "intOrString",
  Time: "time",
  MicroTime: "microTime",
  RawExtension: "any",
  FieldsV1: "any",
};

/** Reads the names and types of fields from the OpenAPI documents of a real server. */
export async function readFieldTypes(api: RawApi): Promise<Types> {
  const types: Types = {};
  for (const [group, kinds] of Object.entries(KINDS)) {
    const document = await api.expect<{ components: { schemas: Record<string, Schema> } }>(
      "GET",
      `/openapi/v3/${group}`,
    );
    const { schemas } = document.components;
    const named = new Map(Object.entries(schemas).map(([name, each]) => [shortName(name), each]));
    const add = (name: string): void => {
      const { properties } = named.get(name) ?? {};
      if (types[name] !== undefined || properties === undefined) return;
      const fields: Record<string, string> = {};
      types[name] = fields;
      for (const [field, schema] of Object.entries(properties)) {
        // A custom kind describes its parts inline; such a part is named after its path.
        const inlineName = schema.properties === undefined ? undefined : `${name}.${field}`;
        if (inlineName !== undefined) named.set(inlineName, schema);
        fields[field] = inlineName ?? typeOf(schema);
        add(fields[field].replace(/^(?:\[\]|\{\})/, "").replace(/@.*$/, ""));
      }
    };
    for (const kind of kinds) add(kind);
  }
  return Object.fromEntries(Object.entries(types).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * A field's type in short form: the name of a scalar or object type, with the prefix `[]` for a
 * list and `{}` for a map. The suffix `@key` marks a list that strategic merge patch merges by that
 * key, `@` alone one that it merges as a set.
 */
function typeOf(schema: Schema): string {
  const ref = schema.$ref ?? schema.allOf?.[0]?.$ref;
  if (ref !== undefined) return SCALARS[shortName(ref)] ?? shortName(ref);
  if (schema.type === "array" && schema.items !== undefined) {
    const merges = schema["x-kubernetes-patch-strategy"]?.includes("merge") === true;
    const key = merges ? `@${schema["x-kubernetes-patch-merge-key"] ?? ""}` : "";
    return `[]${typeOf(schema.items)}${key}`;
  }
  if (schema.type === "object") {
    return schema.additionalProperties === undefined
      ? "any"
      : `{}${typeOf(schema.additionalProperties)}`;
  }
  if (schema["x-kubernetes-int-or-string"] === true) return "intOrString";
  if (schema.format === "byte") return "bytes";
  if (schema.format === "date-time") return "time";
  return schema.type ?? "any";
}

const shortName = (name: string): string => name.slice(name.lastIndexOf(".") + 1);

if (import.meta.main) {
  const kubernetes = await startKubernetes();
  try {
    await applySnapshotKinds(kubernetes);
    const types = await readFieldTypes(kubernetes.admin);
    writeFileSync(FIELD_TYPES_FILE, `${JSON.stringify(types, null, 1)}\n`);
  } finally {
    await kubernetes.stop();
  }
}
