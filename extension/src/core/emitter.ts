export interface Disposable {
  dispose(): void;
}

/** Listeners of one kind of news. Not the editor's own, so that what has no part in the editor is tested without it. */
export interface Emitter<T> {
  on(listener: (news: T) => void): Disposable;
  fire(news: T): void;
}

export function createEmitter<T>(): Emitter<T> {
  const listeners = new Set<(news: T) => void>();
  return {
    on: (listener) => {
      const own = (news: T) => {
        listener(news);
      };
      listeners.add(own);
      return { dispose: () => void listeners.delete(own) };
    },
    fire: (news) => {
      for (const listener of [...listeners]) listener(news);
    },
  };
}
