/**
 * `npm run bench [-- --only NAME] [--cluster kubernetes] [--json]`: measures the project's budgets
 * on the whole system as `npm start` starts it, in a temporary data folder, or on a real Kubernetes
 * control plane. Each figure is shown with its floor: a bare client that does the minimum against
 * the same server in the same run. Nothing is asserted; docs/performance.md has the figures.
 */
import { parseArgs } from "node:util";
import { startKubernetesStack } from "./kubernetesStack.ts";
import { startStack, type Stack } from "./stack.ts";
import { burst } from "./benches/burst.ts";
import { commandLine } from "./benches/commandLine.ts";
import { extension } from "./benches/extension.ts";
import { idle } from "./benches/idle.ts";
import { listAndGet } from "./benches/listAndGet.ts";
import { nextPod } from "./benches/nextPod.ts";
import { podCreated } from "./benches/podCreated.ts";
import { readyEvent } from "./benches/readyEvent.ts";
import type { Figure } from "./statistics.ts";

const BENCHES: Record<string, (stack: Stack) => Promise<Figure[]>> = {
  idle,
  "pod-created": podCreated,
  "ready-event": readyEvent,
  "next-pod": nextPod,
  burst,
  "list-and-get": listAndGet,
  "command-line": commandLine,
  extension,
};

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    cluster: { type: "string", default: "dev" },
    json: { type: "boolean", default: false },
  },
});
/** Benches that need no containers. */
const ON_KUBERNETES = ["pod-created", "next-pod", "burst"];
const all =
  values.cluster === "kubernetes"
    ? ON_KUBERNETES
    : Object.keys(BENCHES).filter((name) => name !== "burst");
const chosen = values.only === undefined ? all : [values.only];
const unknown = chosen.find((name) => !(name in BENCHES));
if (unknown !== undefined) {
  console.error(`Unknown bench "${unknown}". Benches: ${Object.keys(BENCHES).join(", ")}.`);
  process.exit(2);
}

const stack = await (values.cluster === "kubernetes" ? startKubernetesStack() : startStack());
const results: Figure[] = [];
try {
  for (const name of chosen) {
    const figures = await BENCHES[name]?.(stack);
    for (const figure of figures ?? []) {
      results.push(figure);
      if (!values.json) print(figure);
    }
  }
} finally {
  await stack.stop();
}
if (values.json) console.log(JSON.stringify(results, null, 2));

function print({ name, budget, figures }: Figure): void {
  console.log(`\n${name}  (budget: ${budget})`);
  for (const [label, value] of Object.entries(figures)) {
    console.log(
      `  ${label.padEnd(28)} ${typeof value === "string" ? value : JSON.stringify(value)}`,
    );
  }
}
