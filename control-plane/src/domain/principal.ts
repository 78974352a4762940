import type { Role } from "@gpu-dev/shared/api/resources.ts";
import type { TokenId, UserId } from "@gpu-dev/shared/ids.ts";

/** Who makes a request, as the token says. */
export interface Principal {
  readonly userId: UserId;
  readonly name: string;
  readonly role: Role;
  readonly tokenId: TokenId;
  readonly tokenExpiresAt: Date;
}

/**
 * Whose things a statement may see: the store puts this into every `where`, so that somebody else's
 * row is absent, not refused.
 */
export interface Viewer {
  readonly userId: UserId;
  /** The route lets operators act, and this is one. */
  readonly everyone: boolean;
}
