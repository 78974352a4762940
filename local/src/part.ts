/** One of the things that `npm start` runs. */
export interface Part {
  /** As it reads in "stopping the control plane". */
  readonly title: string;
  readonly logFile: string;
  /** Up and serving when it resolves. */
  start(): Promise<void>;
  /** Ends it in order, also while it is starting. Resolves when nothing of it is left. */
  stop(): Promise<void>;
  /** Ends it at once; nothing of it is left either. */
  kill(): Promise<void>;
  /** Resolves when it ends, wanted or not. Only after `start`. */
  exited(): Promise<void>;
}
