import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

const PATTERN = /^gpudev_[A-Za-z0-9_-]{43}$/;

/** Creates a bearer token of 256 random bits. Only its hash is stored. */
export function newToken(): string {
  return `gpudev_${randomBytes(32).toString("base64url")}`;
}

export function hashToken(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

/** Returns the token of an `Authorization` header, or undefined if it has none in our format. */
export function readBearer(header: string | undefined): string | undefined {
  const token = /^Bearer ([^\s]+)$/i.exec(header ?? "")?.[1];
  return token !== undefined && PATTERN.test(token) ? token : undefined;
}

export function hashesEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
