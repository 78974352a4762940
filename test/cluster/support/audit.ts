import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeTempDir } from "../../support/tempDir.ts";

export interface AuditedRequest {
  readonly verb: string;
  readonly resource: string;
  readonly subresource: string;
}

/** What one user asked of an API server, as the server itself notes it. */
export interface Audit {
  readonly apiServerArgs: readonly string[];
  /** All that was answered so far, in order. A watch is noted when it is answered and again when it ends. */
  requests(): AuditedRequest[];
  remove(): Promise<void>;
}

interface Line {
  readonly stage: string;
  readonly verb: string;
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string };
}

export async function auditOf(user: string): Promise<Audit> {
  const directory = await makeTempDir("audit");
  const [policy, log] = ["policy.json", "log.json"].map((name) => join(directory.path, name));
  const rules = [
    { level: "Metadata", users: [user], omitStages: ["RequestReceived"] },
    { level: "None" },
  ];
  writeFileSync(
    policy ?? "",
    JSON.stringify({ apiVersion: "audit.k8s.io/v1", kind: "Policy", rules }),
  );
  writeFileSync(log ?? "", "");
  return {
    apiServerArgs: [
      ...["--audit-policy-file", policy ?? "", "--audit-log-path", log ?? ""],
      // Written before the answer goes out, so that nothing is missing from what was counted.
      ...["--audit-log-mode", "blocking", "--audit-log-maxsize", "2000"],
    ],
    requests: () =>
      readFileSync(log ?? "", "utf8")
        .split("\n")
        .filter((line) => line.endsWith("}"))
        .map((line) => JSON.parse(line) as Line)
        .filter(({ stage }) => stage !== "ResponseStarted")
        .map(({ verb, objectRef }) => ({
          verb,
          resource: objectRef?.resource ?? "",
          subresource: objectRef?.subresource ?? "",
        })),
    remove: () => directory.remove(),
  };
}
