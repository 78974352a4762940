import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FleetNode } from "../fleet/fleetFile.ts";
import type { Pod } from "./kubeTypes.ts";

/** The resources that a pod holds on its node, stored on disk so that they survive the agent. */
export interface PodRecord {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly address: string;
  /** Indices of the node's GPUs. */
  readonly gpus: number[];
  restartCount: number;
  /** Whether a container has ever been started: the next start is then a restart. */
  started: boolean;
}

export type Admission = { record: PodRecord } | { refusal: { reason: string; message: string } };

/** 127.64.0.0/10: Linux accepts all of 127/8, and other programs rarely use this range. */
const FIRST_ADDRESS = (127 << 24) + (64 << 16) + 2;
const LAST_ADDRESS = (127 << 24) + (127 << 16) + (255 << 8) + 254;

/** Assigns addresses and GPUs, each to one pod at a time. */
export class PodRecords {
  readonly #root: string;
  readonly #records = new Map<string, PodRecord>();
  #lastAddress: number;

  constructor(root: string, nodes: readonly string[]) {
    this.#root = root;
    this.#lastAddress = addressBefore(root);
    for (const node of nodes) {
      mkdirSync(this.#podsDirectory(node), { recursive: true, mode: 0o700 });
      for (const uid of readdirSync(this.#podsDirectory(node))) this.#load(node, uid);
    }
  }

  all(): PodRecord[] {
    return [...this.#records.values()];
  }

  get(uid: string): PodRecord | undefined {
    return this.#records.get(uid);
  }

  /** GPUs of the node that no pod holds. */
  freeGpus(node: string, total: number): number[] {
    const taken = new Set<number>();
    for (const record of this.#records.values()) {
      if (record.node === node) for (const gpu of record.gpus) taken.add(gpu);
    }
    return Array.from({ length: total }, (_, index) => index).filter((index) => !taken.has(index));
  }

  admit(pod: Pick<PodRecord, "uid" | "namespace" | "name" | "node" | "gpus">): PodRecord {
    const record = { ...pod, address: this.#freeAddress(), restartCount: 0, started: false };
    mkdirSync(this.directory(record), { recursive: true, mode: 0o700 });
    this.save(record);
    return record;
  }

  /** The pod's own directory: volumes, log, process id. */
  directory({ node, uid }: Pick<PodRecord, "node" | "uid">): string {
    return join(this.#podsDirectory(node), uid);
  }

  save(record: PodRecord): void {
    this.#records.set(record.uid, record);
    const path = join(this.directory(record), "pod.json");
    writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  /**
   * Frees the pod's address and GPUs and removes its directory. The volumes of its claims are
   * stored elsewhere and remain.
   */
  remove(record: PodRecord): void {
    rmSync(this.directory(record), { recursive: true, force: true });
    this.#records.delete(record.uid);
  }

  #podsDirectory(node: string): string {
    return join(this.#root, node, "pods");
  }

  #load(node: string, uid: string): void {
    const directory = join(this.#podsDirectory(node), uid);
    try {
      const text = readFileSync(join(directory, "pod.json"), "utf8");
      this.#records.set(uid, JSON.parse(text) as PodRecord);
    } catch {
      // Interrupted before its record was written: no process was started.
      rmSync(directory, { recursive: true, force: true });
    }
  }

  /** The address after the last assigned one, so that an address is not reused immediately. */
  #freeAddress(): string {
    const taken = new Set(this.all().map((record) => record.address));
    for (;;) {
      this.#lastAddress = this.#lastAddress >= LAST_ADDRESS ? FIRST_ADDRESS : this.#lastAddress + 1;
      const text = [24, 16, 8, 0]
        .map((bits) => String((this.#lastAddress >> bits) & 255))
        .join(".");
      if (!taken.has(text)) return text;
    }
  }
}

/**
 * Assigns an address and GPUs to the pod, or returns the reason why the node rejects it. A known
 * pod keeps its assignment.
 */
export function admitPod(pod: Pod, node: FleetNode, records: PodRecords): Admission {
  const { uid, namespace, name } = pod.metadata;
  const known = records.get(uid);
  if (known !== undefined) return { record: known };
  const requested = gpusRequested(pod, node);
  const free = records.freeGpus(node.name, node.gpus);
  if (requested > node.gpus) {
    const message = `Node has ${String(node.gpus)} GPUs, the pod requests ${String(requested)}`;
    return { refusal: { reason: "UnexpectedAdmissionError", message } };
  }
  if (requested > free.length) {
    const message =
      `Node didn't have enough resource: ${String(node.resource)}, requested: ${String(requested)}, ` +
      `used: ${String(node.gpus - free.length)}, capacity: ${String(node.gpus)}`;
    return { refusal: { reason: `OutOf${String(node.resource)}`, message } };
  }
  const gpus = free.slice(0, requested);
  return { record: records.admit({ uid, namespace, name, node: node.name, gpus }) };
}

function gpusRequested(pod: Pod, node: FleetNode): number {
  if (node.resource === null) return 0;
  const { resource } = node;
  const counts = pod.spec.containers.map(({ resources }) =>
    Number(resources?.limits?.[resource] ?? resources?.requests?.[resource] ?? 0),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/**
 * The offset at which the addresses of a data directory begin. Two clusters on one machine share
 * the range: if both began at its start, a pod of one could respond to the probe of a pod of the
 * other.
 */
function addressBefore(root: string): number {
  const offset = createHash("sha256").update(root).digest().readUInt32BE();
  return FIRST_ADDRESS + (offset % (LAST_ADDRESS - FIRST_ADDRESS));
}
