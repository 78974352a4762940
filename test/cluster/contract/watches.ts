import { KubeConfig, Watch } from "@kubernetes/client-node";
import type { Server } from "./servers.ts";

export interface SeenEvent {
  readonly type: string;
  readonly name: string;
  readonly version: string;
  /** Of an ERROR. */
  readonly code?: number;
}

export interface Watching {
  readonly events: readonly SeenEvent[];
  readonly isOver: () => boolean;
  stop(): void;
}

/** Watches with the stock client and notes what it is told. */
export async function watch(
  { kubeconfigPath }: Server,
  path: string,
  query: Record<string, string | number | boolean>,
): Promise<Watching> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const events: SeenEvent[] = [];
  let over = false;
  const controller = await new Watch(config).watch(
    path,
    query,
    (type: string, object: { code?: number; metadata?: Record<string, string> }) => {
      const { name = "", resourceVersion: version = "" } = object.metadata ?? {};
      events.push({ type, name, version, ...(object.code ? { code: object.code } : {}) });
    },
    () => {
      over = true;
    },
  );
  return {
    events,
    isOver: () => over,
    stop: () => {
      controller.abort();
    },
  };
}
