import { ApiError } from "@gpu-dev/client/http/apiErrors.ts";

/** The user closed a prompt or pressed Cancel: nothing to tell. */
export class Dismissed extends Error {
  constructor() {
    super("dismissed");
    this.name = "Dismissed";
  }
}

/** What a failure says to a person: the sentence of the error itself, with the server's title before it. */
export function failureText(error: unknown): string {
  if (error instanceof ApiError && error.code === "unauthenticated") {
    return "You are no longer signed in. Sign in to go on.";
  }
  if (error instanceof ApiError) return `${error.problem.title}. ${error.problem.detail}`;
  return error instanceof Error ? error.message : String(error);
}
