export interface LogOptions {
  /** Only the last lines; absent means all that is kept. */
  tailLines?: number | undefined;
  /** The log of the container's previous life. */
  previous?: boolean | undefined;
}

/** Where the API server reads a pod's log: a node agent registers itself as one. */
export interface LogSource {
  /**
   * The pod's log as text; empty when it has written nothing yet.
   * Throws an Error whose message may be shown when the pod is unknown here or its node is lost.
   */
  read(namespace: string, pod: string, uid: string, options: LogOptions): Promise<string>;
}
