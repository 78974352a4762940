import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a pod holds on its node while it lives, kept on disk: it survives the agent. */
export interface PodRecord {
  uid: string;
  namespace: string;
  name: string;
  node: string;
  address: string;
  /** Indices of the node's GPUs. */
  gpus: number[];
  restartCount: number;
  /** Whether a container was ever started: the next start is then a restart. */
  started: boolean;
}

/** 127.64.0.0/10: Linux answers on all of 127/8, and nothing else is expected that far up. */
const FIRST_ADDRESS = (127 << 24) + (64 << 16) + 2;
const LAST_ADDRESS = (127 << 24) + (127 << 16) + (255 << 8) + 254;

/** Hands out addresses and GPUs, each to one pod at a time. */
export class PodRecords {
  readonly #root: string;
  readonly #records = new Map<string, PodRecord>();
  #lastAddress: number;

  constructor(root: string, nodes: readonly string[]) {
    this.#root = root;
    this.#lastAddress = addressBefore(root);
    for (const node of nodes) {
      mkdirSync(this.#podsDirectory(node), { recursive: true });
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

  /** Frees what the pod held and removes its directory. Its claims' volumes lie elsewhere and stay. */
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
      // Cut off before its record was written: nothing was started yet.
      rmSync(directory, { recursive: true, force: true });
    }
  }

  /** The next one after the last given, so that an address is not used again at once. */
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
 * Where the addresses of a data folder begin. Two clusters on one machine share them: were both to begin at the
 * first, the probe of one's pod would be answered by the other's.
 */
function addressBefore(root: string): number {
  const spread = createHash("sha256").update(root).digest().readUInt32BE();
  return FIRST_ADDRESS + (spread % (LAST_ADDRESS - FIRST_ADDRESS));
}
