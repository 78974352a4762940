export interface LogOptions {
  /** Only the last lines; absent for the whole log. */
  readonly tailLines?: number | undefined;
  /** The log of the previous run of the container. */
  readonly previous?: boolean | undefined;
}

/** The source of pod logs for the API server: the node agents provide it. */
export interface LogSource {
  /**
   * The pod's log as text; empty when the pod has written nothing.
   * Throws an Error with a user-facing message when the pod is unknown here or its node is lost.
   */
  read(namespace: string, pod: string, uid: string, options: LogOptions): Promise<string>;
}
