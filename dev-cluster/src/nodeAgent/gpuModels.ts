import { createHash } from "node:crypto";

/** Memory that the vendor's tool reports for each model, in MiB; the first part of the name that fits counts. */
const MEMORY_MIB: readonly (readonly [name: string, mib: number])[] = [
  ["B200", 183_359],
  ["H200", 143_771],
  ["H100", 81_559],
  ["A100", 40_960],
  ["A10G", 23_028],
  ["L4", 23_034],
  ["T4", 15_360],
];

export function gpuMemoryMib(model: string): number {
  return MEMORY_MIB.find(([name]) => model.includes(name))?.[1] ?? 0;
}

/** The same node and index always give the same identifier, as hardware does. */
export function gpuUuid(node: string, index: number): string {
  const hash = createHash("sha256")
    .update(`${node}/${String(index)}`)
    .digest("hex");
  const parts = [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20)];
  return `GPU-${parts.join("-")}-${hash.slice(20, 32)}`;
}
