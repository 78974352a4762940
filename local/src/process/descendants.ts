import { readdirSync, readFileSync } from "node:fs";
import { Second } from "@gpu-dev/shared/durations.ts";
import { isAlive, poll, signal, statFields } from "./processes.ts";

const MARKER = "GPU_DEV_POD_UID=";
const SWEEP_TIMEOUT_MS = 5 * Second.ms;

/**
 * Kills a process and its descendants. A process that left the tree (a daemon in a pod) is found by
 * the pod UID in its environment: when the sweep starts, the tree still contains at least the SSH
 * server of that pod.
 */
export async function killTree(root: number): Promise<void> {
  const tree = treeOf(root);
  const markers = new Set([...tree].flatMap(podMarkers));
  for (const pid of tree) signal(pid, "SIGKILL");
  await poll(() => {
    const strays = allPids().filter((pid) => podMarkers(pid).some((uid) => markers.has(uid)));
    const remaining = [...new Set([...tree, ...strays])].filter(isAlive);
    for (const pid of remaining) signal(pid, "SIGKILL");
    return remaining.length === 0;
  }, SWEEP_TIMEOUT_MS);
}

function treeOf(root: number): Set<number> {
  const children = new Map<number, number[]>();
  for (const pid of allPids()) {
    const parent = Number(statFields(pid)?.[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = new Set([root]);
  for (const pid of tree) for (const child of children.get(pid) ?? []) tree.add(child);
  return tree;
}

function podMarkers(pid: number): string[] {
  try {
    const environment = readFileSync(`/proc/${String(pid)}/environ`, "utf8").split("\0");
    return environment.filter((entry) => entry.startsWith(MARKER));
  } catch {
    return [];
  }
}

function allPids(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return []; // Without /proc there is no dev-cluster, and only its pods leave the process group.
  }
}
