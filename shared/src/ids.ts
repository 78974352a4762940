import * as z from "zod";

/**
 * Ids are 16 lower-case Crockford base32 characters: 80 random bits, valid in a Kubernetes name.
 */
export const ID_PATTERN = /^[0-9a-hjkmnp-tv-z]{16}$/;

const id = z.string().regex(ID_PATTERN, "an id is 16 characters of 0-9 and a-z without i, l, o, u");

export const reservationId = id.brand<"ReservationId">();
export const userId = id.brand<"UserId">();
export const diskId = id.brand<"DiskId">();
export const keyId = id.brand<"KeyId">();
export const tokenId = id.brand<"TokenId">();

export type ReservationId = z.infer<typeof reservationId>;
export type UserId = z.infer<typeof userId>;
export type DiskId = z.infer<typeof diskId>;
export type KeyId = z.infer<typeof keyId>;
export type TokenId = z.infer<typeof tokenId>;
