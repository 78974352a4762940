import type { ErrorCode } from "@gpu-dev/shared/errors.ts";
import { ClusterUnavailable } from "../cluster/port.ts";
import { isDatabaseAway } from "../store/database.ts";
import { Refusal } from "../domain/refusal.ts";

/** Cancelled by our own statement timeout, serialization, deadlock: the same request may well work a moment later. */
const RETRYABLE = ["57014", "40001", "40P01"];

/** What a failed operation means to its caller. Anything that is not known here is `internal_error`. */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (isDatabaseAway(error) || RETRYABLE.includes(codeOf(error) ?? "")) {
    return away("database_unavailable", "The database does not answer just now.", error);
  }
  if (error instanceof ClusterUnavailable) {
    return away("cluster_unavailable", "The cluster does not answer just now.", error);
  }
  return new Refusal(
    "internal_error",
    "The server failed to handle this request; nothing was changed. Try again, and if it stays, tell your operator the request id.",
    { cause: error },
  );
}

function away(code: ErrorCode, what: string, cause: unknown): Refusal {
  return new Refusal(
    code,
    `${what} Nothing was changed by this request; send it again in a few seconds.`,
    { cause, headers: { "retry-after": "2" } },
  );
}

function codeOf(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = (cause as { code?: unknown }).code;
    if (typeof code === "string") return code;
  }
  return undefined;
}
