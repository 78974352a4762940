import { codeOf, type ErrorCode } from "@gpu-dev/shared/errors.ts";
import { ClusterUnavailable } from "../cluster/port.ts";
import { isDatabaseUnavailable } from "../store/database.ts";
import { Refusal } from "../domain/refusal.ts";

/**
 * Statement timeout, serialization failure, deadlock: the same request may succeed a moment later.
 */
const RETRYABLE = ["57014", "40001", "40P01"];

/** What a failed operation means to its caller. An unknown error is `internal_error`. */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (isDatabaseUnavailable(error) || RETRYABLE.includes(codeOf(error) ?? "")) {
    return unavailable("database_unavailable", "The database is temporarily unavailable.", error);
  }
  if (error instanceof ClusterUnavailable) {
    return unavailable("cluster_unavailable", "The cluster is temporarily unavailable.", error);
  }
  return new Refusal(
    "internal_error",
    "The server failed to handle this request; nothing was changed. Try again; if it fails again, report the request id to your operator.",
    { cause: error },
  );
}

function unavailable(code: ErrorCode, problem: string, cause: unknown): Refusal {
  return new Refusal(
    code,
    `${problem} This request changed nothing; send it again in a few seconds.`,
    { cause, headers: { "retry-after": "2" } },
  );
}
