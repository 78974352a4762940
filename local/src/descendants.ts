import { readdirSync, readFileSync } from "node:fs";
import { isAlive, signal, statFields } from "./processes.ts";
import { poll } from "./poll.ts";

const MARKER = "GPU_DEV_POD_UID=";
const SWEEP_MS = 5_000;

/**
 * Kills a process and everything below it. What left its process tree (a daemon in a pod) is found by the pod that
 * its environment names: the tree still holds at least that pod's server when the sweep begins.
 */
export async function killTree(root: number): Promise<void> {
  const tree = treeOf(root);
  const markers = new Set([...tree].flatMap(podMarkers));
  for (const pid of tree) signal(pid, "SIGKILL");
  await poll(() => {
    const strays = allPids().filter((pid) => podMarkers(pid).some((uid) => markers.has(uid)));
    const left = [...new Set([...tree, ...strays])].filter(isAlive);
    for (const pid of left) signal(pid, "SIGKILL");
    return left.length === 0;
  }, SWEEP_MS);
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
    return []; // No /proc: no dev cluster either, and its pods are all that hides from its group.
  }
}
