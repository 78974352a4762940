import type { z } from "zod";
import type { createToken, Role, signInMethod } from "@gpu-dev/shared/api/resources.ts";

export type SignInRequest = z.output<typeof createToken>;
export type SignInDescription = z.input<typeof signInMethod>;

/** What the server knows about a sign-in request in addition to its body. */
export interface SignInFacts {
  /** The host and port that the request was sent to; checked to be this server's. */
  readonly server: string;
  readonly now: Date;
}

/** An identity that a method has verified. */
export interface VerifiedIdentity {
  /** The namespace of the subject: the same subject at two providers is two users. */
  readonly provider: string;
  /**
   * The permanent id of the person at the provider: never reused, never derived from a display
   * name.
   */
  readonly subject: string;
  /** The handle that a new user gets if it is free. Existing users keep theirs. */
  readonly name: string;
  readonly role: Role;
  /**
   * Unique to this proof of identity. A token is issued for it only once, so replaying a captured
   * request has no effect.
   */
  readonly proof: string;
}

/**
 * One way to sign in. Implementations are in auth/methods; the composition root builds the
 * configured ones.
 */
export interface SignInMethod {
  readonly kind: SignInRequest["kind"];
  /** The method's entry in the public listing, with everything that a client needs to use it. */
  describe(): SignInDescription;
  /**
   * Runs before the transaction, so it may call an external service.
   * @throws Refusal invalid_credentials with a message for the caller
   */
  verify(request: SignInRequest, facts: SignInFacts): Promise<VerifiedIdentity>;
}
