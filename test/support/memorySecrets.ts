import { createEmitter } from "../../extension/src/core/emitter.ts";
import type { Secrets } from "../../extension/src/account/account.ts";

/**
 * The editor's secret storage, shared by the windows of a test. It notifies every window of each
 * change asynchronously.
 */
export interface MemorySecrets extends Secrets {
  readonly content: ReadonlyMap<string, string>;
}

export function memorySecrets(): MemorySecrets {
  const content = new Map<string, string>();
  const changes = createEmitter<{ readonly key: string }>();
  const notify = (key: string) => {
    setImmediate(() => {
      changes.fire({ key });
    });
    return Promise.resolve();
  };
  return {
    content,
    get: (key) => Promise.resolve(content.get(key)),
    store: (key, value) => {
      content.set(key, value);
      return notify(key);
    },
    delete: (key) => {
      content.delete(key);
      return notify(key);
    },
    onDidChange: (listener) => changes.on(listener),
  };
}
