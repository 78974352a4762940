import { globSync } from "node:fs";

/** What a real Kubernetes judges: the files of this folder, and the main job's own once more, see support/rootHooks.ts. */
const EVERYTHING = [
  "test/cluster/**/*.test.ts",
  // The reconcilers' troubles, behind a proxy that makes them.
  "test/integration/reconcilers/{troubles,outage,silentWatch,nodes,evictions,foreign,workers}.test.ts",
  "test/integration/mainJob/{session,traffic,ending,leftovers}.test.ts",
  // The editor's flow; where no editor is installed it is skipped, and says so.
  "test/vscode/reservation.test.ts",
];

/** Thousands of reservations, and versions beside each other: about as long as all the rest, which mostly waits. */
const UNDER_LOAD = /^test\/cluster\/(outage|scale|upgrade)\//;

/** Files to run side by side, by the name of the half. Every file is in exactly one. */
export function halves(): Readonly<Record<"load" | "rest", readonly string[]>> {
  const files = globSync(EVERYTHING).sort();
  return {
    load: files.filter((file) => UNDER_LOAD.test(file)),
    rest: files.filter((file) => !UNDER_LOAD.test(file)),
  };
}
