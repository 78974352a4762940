/** Exit codes of `npm start`, one per kind of reason. CONTRIBUTING.md lists them. */
export const EXIT_CODES = {
  /** A part kept failing or could not start; its last log lines are shown. */
  failed: 1,
  usage: 2,
  alreadyRunning: 3,
  portBusy: 4,
  unsupportedPlatform: 5,
  diskFull: 6,
  notWritable: 7,
  missingTool: 8,
  /** A second Ctrl-C: everything was ended without an orderly stop. */
  killed: 130,
} as const;
export type ExitCodeName = keyof typeof EXIT_CODES;

/** A reason not to start that the user can act on. Its message is printed without a stack. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly exitCode: number;

  constructor(code: ExitCodeName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = EXIT_CODES[code];
  }
}
