import { closeSync, openSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeTempDir } from "../../support/tempDir.ts";

export interface AuditedRequest {
  readonly verb: string;
  readonly resource: string;
  readonly subresource: string;
}

/** The requests of one user, from the API server's audit log. */
export interface Audit {
  readonly apiServerArgs: readonly string[];
  /**
   * Every request with a response so far, in order. A watch counts when it starts and when it ends.
   */
  requests(): readonly AuditedRequest[];
  remove(): Promise<void>;
}

interface Line {
  readonly stage: string;
  readonly verb: string;
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string };
}

export async function auditOf(user: string): Promise<Audit> {
  const directory = await makeTempDir("audit");
  const policy = join(directory.path, "policy.json");
  const log = join(directory.path, "log.json");
  const rules = [
    { level: "Metadata", users: [user], omitStages: ["RequestReceived"] },
    { level: "None" },
  ];
  writeFileSync(policy, JSON.stringify({ apiVersion: "audit.k8s.io/v1", kind: "Policy", rules }));
  writeFileSync(log, "");
  return {
    apiServerArgs: [
      `--audit-policy-file=${policy}`,
      `--audit-log-path=${log}`,
      // Written before the response is sent, so that the count is complete.
      "--audit-log-mode=blocking",
      "--audit-log-maxsize=2000",
    ],
    requests: requestsIn(log),
    remove: () => directory.remove(),
  };
}

/** Continues at the last position: the log is long and read often. */
function requestsIn(path: string): Audit["requests"] {
  const seen: AuditedRequest[] = [];
  const chunk = Buffer.alloc(1 << 20);
  let position = 0;
  let rest = Buffer.alloc(0);
  return () => {
    const file = openSync(path, "r");
    try {
      for (;;) {
        const count = readSync(file, chunk, 0, chunk.length, position);
        if (count === 0) return seen;
        position += count;
        const read = Buffer.concat([rest, chunk.subarray(0, count)]);
        const end = read.lastIndexOf("\n") + 1;
        rest = read.subarray(end);
        seen.push(...read.toString("utf8", 0, end).split("\n").flatMap(requestOf));
      }
    } finally {
      closeSync(file);
    }
  };
}

function requestOf(line: string): AuditedRequest[] {
  if (line === "") return [];
  const { stage, verb, objectRef } = JSON.parse(line) as Line;
  if (stage === "ResponseStarted") return [];
  const { resource = "", subresource = "" } = objectRef ?? {};
  return [{ verb, resource, subresource }];
}
