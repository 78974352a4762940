export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

export interface StatusDetails {
  readonly name?: string | undefined;
  readonly group?: string | undefined;
  readonly kind?: string | undefined;
  readonly uid?: string | undefined;
  readonly causes?: StatusCause[] | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

/** The object or collection that an error names. */
export interface Subject {
  /** API group; empty for the core group. */
  readonly group: string;
  /** Plural resource name. */
  readonly resource: string;
  readonly name?: string | undefined;
}

/** An error that the client receives as a Kubernetes `Status`. */
export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly code: number;
  readonly reason: string | undefined;
  readonly details: StatusDetails;

  constructor(
    code: number,
    reason: string | undefined,
    message: string,
    details: StatusDetails = {},
  ) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  toStatus(): object {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      reason: this.reason,
      details: this.details,
      code: this.code,
    };
  }
}

export const badRequest = (message: string) => new StatusError(400, "BadRequest", message);

export const unauthorized = () => new StatusError(401, "Unauthorized", "Unauthorized");

export const forbidden = (message: string, details: StatusDetails = {}) =>
  new StatusError(403, "Forbidden", message, details);

export const notFound = (subject: Subject) =>
  new StatusError(404, "NotFound", `${resourceText(subject)} not found`, detailsOf(subject));

export const noSuchPath = () =>
  new StatusError(404, "NotFound", "the server could not find the requested resource");

export const methodNotAllowed = (message: string) =>
  new StatusError(405, "MethodNotAllowed", message);

export const alreadyExists = (subject: Subject) =>
  new StatusError(
    409,
    "AlreadyExists",
    `${resourceText(subject)} already exists`,
    detailsOf(subject),
  );

export const conflict = (subject: Subject, reason: string) =>
  new StatusError(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${resourceText(subject)}: ${reason}`,
    detailsOf(subject),
  );

export const modifiedMeanwhile = (subject: Subject) =>
  conflict(
    subject,
    "the object has been modified; please apply your changes to the latest version and try again",
  );

export const expired = (message: string) => new StatusError(410, "Expired", message);

export const tooLarge = (limit: number) =>
  new StatusError(413, "RequestEntityTooLarge", `limit is ${String(limit)} bytes`);

export const unsupportedMediaType = (message: string) =>
  new StatusError(415, "UnsupportedMediaType", message);

export const invalid = (kind: string, subject: Subject, causes: StatusCause[]) => {
  const list = causes.map((cause) => `${cause.field}: ${cause.message}`).join(", ");
  const kindText = `${kind}${subject.group === "" ? "" : `.${subject.group}`}`;
  return new StatusError(
    422,
    "Invalid",
    `${kindText} "${subject.name ?? ""}" is invalid: ${list}`,
    {
      ...detailsOf(subject),
      kind,
      causes,
    },
  );
};

function resourceText(subject: Subject): string {
  const resource = subject.group === "" ? subject.resource : `${subject.resource}.${subject.group}`;
  return `${resource} "${subject.name ?? ""}"`;
}

export function detailsOf(subject: Subject): StatusDetails {
  return {
    name: subject.name,
    ...(subject.group === "" ? {} : { group: subject.group }),
    kind: subject.resource,
  };
}
