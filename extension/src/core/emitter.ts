export interface Disposable {
  dispose(): void;
}

/**
 * The listeners of one kind of change. It replaces the editor's class in code that is tested
 * without an editor.
 */
export interface Emitter<T> {
  on(listener: (value: T) => void): Disposable;
  fire(value: T): void;
}

export function createEmitter<T>(): Emitter<T> {
  const listeners = new Set<(value: T) => void>();
  return {
    on: (listener) => {
      // A wrapper per call, so that registering the same function twice makes two listeners.
      const registered = (value: T) => {
        listener(value);
      };
      listeners.add(registered);
      return { dispose: () => void listeners.delete(registered) };
    },
    fire: (value) => {
      for (const listener of [...listeners]) listener(value);
    },
  };
}

/** Disposes of all parts together, in the given order. */
export function disposeAll(...parts: readonly Disposable[]): Disposable {
  return {
    dispose: () => {
      for (const part of parts) part.dispose();
    },
  };
}
