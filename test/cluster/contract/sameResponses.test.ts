import assert from "node:assert/strict";
import { normalized } from "./normalized.ts";
import { DELETION_STEPS } from "./deletionSteps.ts";
import { OBJECT_STEPS } from "./objectSteps.ts";
import { POD_STEPS } from "./podSteps.ts";
import { SNAPSHOT_STEPS } from "./snapshotSteps.ts";
import {
  makeNamespace,
  SERVERS,
  startServerNamed,
  type Server,
  type ServerName,
} from "./servers.ts";
import type { Known, Step } from "./steps.ts";
import { WRITE_STEPS } from "./writeSteps.ts";

const LISTS: Readonly<Record<string, readonly Step[]>> = {
  pods: POD_STEPS,
  objects: OBJECT_STEPS,
  snapshots: SNAPSHOT_STEPS,
  writes: WRITE_STEPS,
  deletions: DELETION_STEPS,
};

for (const [group, steps] of Object.entries(LISTS)) {
  describe(`dev-cluster responds as Kubernetes does: ${group}`, () => {
    const responses = new Map<ServerName, unknown[]>();

    before(async () => {
      for (const name of SERVERS) {
        responses.set(name, await runSteps(name, `contract-${group}`, steps));
      }
    });

    for (const [index, { title }] of steps.entries()) {
      it(title, () => {
        const [real, ours] = SERVERS.map((name) => responses.get(name)?.[index]);
        assert.notEqual(real, undefined);
        assert.deepEqual(ours, real);
      });
    }
  });
}

/** Runs all steps in order, in a namespace of their own. */
async function runSteps(
  name: ServerName,
  namespace: string,
  steps: readonly Step[],
): Promise<unknown[]> {
  const server = await startServerNamed(name);
  try {
    await makeNamespace(server, namespace);
    const responses: unknown[] = [];
    for (const step of steps) responses.push(await runStep(server, namespace, step));
    return responses;
  } finally {
    await server.stop();
  }
}

/** Kinds that controllers of the real server may write to at any time. */
const CONTROLLED = new Set(["Node", "Job", "PodDisruptionBudget"]);

/**
 * The response, and for an update whether the object was written, as its resource version shows.
 */
async function runStep({ api }: Server, namespace: string, step: Step): Promise<unknown> {
  const inNamespace = (text: string) => text.replaceAll("{ns}", namespace);
  const path = inNamespace(step.path);
  const changes = step.method === "PUT" || step.method === "PATCH";
  const before = changes
    ? await api.request<Partial<Known>>("GET", path.replace(/\?.*/, ""))
    : undefined;
  const body: unknown =
    typeof step.body === "function" ? step.body(before?.body as Known) : step.body;
  const sent =
    body === undefined ? undefined : (JSON.parse(inNamespace(JSON.stringify(body))) as unknown);
  const response = await api.request<Partial<Known>>(step.method, path, sent, step.contentType);
  const result = normalized(response);
  if (before === undefined || response.status >= 300) return result;
  if (CONTROLLED.has(response.body.kind ?? "")) return result;
  const version = (known: Partial<Known>) => known.metadata?.resourceVersion;
  return { ...result, isWritten: version(response.body) !== version(before.body) };
}
