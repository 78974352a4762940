import type { Role } from "@gpu-dev/shared/api/resources.ts";
import type { TokenId, UserId } from "@gpu-dev/shared/ids.ts";

/** The authenticated caller of a request. */
export interface Principal {
  readonly userId: UserId;
  readonly name: string;
  readonly role: Role;
  readonly tokenId: TokenId;
  readonly tokenExpiresAt: Date;
}

/**
 * Whose rows a statement may return. The store adds it to every `where`, so another user's row is
 * absent rather than refused.
 */
export interface Viewer {
  readonly userId: UserId;
  /** The route admits operators, and the caller is one. */
  readonly everyone: boolean;
}
