import { z } from "zod";

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const LABEL_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

/** RFC 1123 label. */
export const isDnsLabel = (text: string) => text.length <= 63 && DNS_LABEL.test(text);

/** RFC 1123 subdomain: the rule for most object names. */
export const isDnsSubdomain = (text: string) => text.length <= 253 && DNS_SUBDOMAIN.test(text);

export const isLabelValue = (text: string) => text.length <= 63 && LABEL_VALUE.test(text);

/** A label, annotation or taint key: an optional DNS prefix and a name. */
export function isQualifiedName(text: string): boolean {
  const slash = text.lastIndexOf("/");
  const name = text.slice(slash + 1);
  return (
    name.length <= 63 &&
    LABEL_NAME.test(name) &&
    (slash === -1 || isDnsSubdomain(text.slice(0, slash)))
  );
}

export const dnsLabel = z.string().refine(isDnsLabel, {
  message: "a lowercase RFC 1123 label: lower case letters, digits and '-', at most 63 characters",
});

/** Already parsed and validated: see schema/decode.ts. */
export const quantities = z.record(z.string(), z.string());

/** The shape of a kind whose content the server does not validate. */
export const anyObject = z.looseObject({});

/** One message per invalid label. */
export function invalidLabels(labels: Readonly<Record<string, string>> | undefined): string[] {
  return Object.entries(labels ?? {})
    .filter(([key, value]) => !isQualifiedName(key) || !isLabelValue(value))
    .map(([key, value]) => `Invalid value: ${JSON.stringify({ [key]: value })}: not a valid label`);
}

const labels = z.record(
  z.string().refine(isQualifiedName, { message: "not a valid label key" }),
  z.string().refine(isLabelValue, { message: "not a valid label value" }),
);

export const metadataShape = z.looseObject({
  name: z.string().optional(),
  generateName: z.string().optional(),
  namespace: z.string().optional(),
  labels: labels.nullish(),
  annotations: z
    .record(
      z.string().refine((key) => isQualifiedName(key.toLowerCase())),
      z.string(),
    )
    .nullish(),
  finalizers: z.array(z.string().refine(isQualifiedName)).nullish(),
  ownerReferences: z
    .array(
      z.looseObject({
        apiVersion: z.string().min(1),
        kind: z.string().min(1),
        name: z.string().min(1),
        uid: z.string().min(1),
      }),
    )
    .nullish(),
});

export const labelSelectorShape = z.looseObject({
  matchLabels: labels.nullish(),
  matchExpressions: z
    .array(
      z.looseObject({
        key: z.string().refine(isQualifiedName),
        operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
        values: z.array(z.string()).nullish(),
      }),
    )
    .nullish(),
});
