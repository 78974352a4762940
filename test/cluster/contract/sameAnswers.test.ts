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

for (const [title, steps] of Object.entries(LISTS)) {
  describe(`dev-cluster answers as Kubernetes does: ${title}`, () => {
    const answers = new Map<ServerName, unknown[]>();

    before(async () => {
      for (const name of SERVERS) answers.set(name, await walk(name, `contract-${title}`, steps));
    });

    for (const [index, { says }] of steps.entries()) {
      it(says, () => {
        const [real, ours] = SERVERS.map((name) => answers.get(name)?.[index]);
        assert.notEqual(real, undefined);
        assert.deepEqual(ours, real);
      });
    }
  });
}

/** All steps in order, in a namespace of their own. */
async function walk(
  name: ServerName,
  namespace: string,
  steps: readonly Step[],
): Promise<unknown[]> {
  const server = await startServerNamed(name);
  try {
    await makeNamespace(server, namespace);
    const answers: unknown[] = [];
    for (const step of steps) answers.push(await take(server, namespace, step));
    return answers;
  } finally {
    await server.stop();
  }
}

/** Controllers of the real server write to these at any time. */
const CONTROLLED = new Set(["Node", "Job", "PodDisruptionBudget"]);

/** What was answered, and for a change of an object: whether it was written, as its version tells. */
async function take({ api }: Server, namespace: string, step: Step): Promise<unknown> {
  const there = (text: string) => text.replaceAll("{ns}", namespace);
  const path = there(step.path);
  const changes = step.method === "PUT" || step.method === "PATCH";
  const before = changes
    ? await api.request<Partial<Known>>("GET", path.replace(/\?.*/, ""))
    : undefined;
  const body: unknown =
    typeof step.body === "function" ? step.body(before?.body as Known) : step.body;
  const sent =
    body === undefined ? undefined : (JSON.parse(there(JSON.stringify(body))) as unknown);
  const answer = await api.request<Partial<Known>>(step.method, path, sent, step.contentType);
  const told = normalized(answer);
  if (before === undefined || answer.status >= 300) return told;
  if (CONTROLLED.has(answer.body.kind ?? "")) return told;
  const version = (known: Partial<Known>) => known.metadata?.resourceVersion;
  return { ...told, isWritten: version(answer.body) !== version(before.body) };
}
