import type { ErrorCode } from "@gpu-dev/shared/errors.ts";

export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

/**
 * The only error whose message reaches a client. `detail` is public: what happened, why, what to do
 * next. Details for the log go into `cause`.
 */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: ErrorCode;
  readonly errors: readonly FieldProblem[];
  /** A user tried to access another user's resource; it is audited. */
  readonly audited: boolean;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    detail: string,
    options: {
      readonly errors?: readonly FieldProblem[];
      readonly audited?: boolean;
      readonly headers?: Readonly<Record<string, string>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super(detail, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.errors = options.errors ?? [];
    this.audited = options.audited ?? false;
    this.headers = options.headers ?? {};
  }
}
