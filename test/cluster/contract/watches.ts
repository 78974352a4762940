import { KubeConfig, Watch } from "@kubernetes/client-node";
import type { Server } from "./servers.ts";

export interface SeenEvent {
  readonly type: string;
  readonly name: string;
  readonly version: string;
  /** Only for an ERROR. */
  readonly code?: number;
}

export interface Watching {
  readonly events: readonly SeenEvent[];
  readonly hasEnded: () => boolean;
  stop(): void;
}

/** Watches with the standard client and records the events. */
export async function watch(
  { kubeconfigPath }: Server,
  path: string,
  query: Record<string, string | number | boolean>,
): Promise<Watching> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const events: SeenEvent[] = [];
  let hasEnded = false;
  const controller = await new Watch(config).watch(
    path,
    query,
    (type: string, object: { code?: number; metadata?: Record<string, string> }) => {
      const { name = "", resourceVersion: version = "" } = object.metadata ?? {};
      events.push({ type, name, version, ...(object.code ? { code: object.code } : {}) });
    },
    () => {
      hasEnded = true;
    },
  );
  return {
    events,
    hasEnded: () => hasEnded,
    stop: () => {
      controller.abort();
    },
  };
}
