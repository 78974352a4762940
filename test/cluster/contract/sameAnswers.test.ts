import assert from "node:assert/strict";
import { normalized } from "./normalized.ts";
import { OBJECT_STEPS } from "./objectSteps.ts";
import { POD_STEPS } from "./podSteps.ts";
import { makeNamespace, SERVERS, startServerNamed, type ServerName } from "./servers.ts";
import type { Step } from "./steps.ts";

const LISTS: Readonly<Record<string, readonly Step[]>> = { pods: POD_STEPS, objects: OBJECT_STEPS };

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
    for (const { method, path, body, contentType } of steps) {
      const there = (text: string) => text.replaceAll("{ns}", namespace);
      const sent =
        body === undefined ? undefined : (JSON.parse(there(JSON.stringify(body))) as unknown);
      answers.push(normalized(await server.api.request(method, there(path), sent, contentType)));
    }
    return answers;
  } finally {
    await server.stop();
  }
}
