/**
 * Separate from the schemas of `credential.ts`, so that a client can start without loading them.
 */
export const DEFAULT_SERVER = "http://127.0.0.1:8710";

/** A sign-in that was refused, or not attempted. The message is a complete user-facing sentence. */
export class SignInError extends Error {
  override readonly name = "SignInError";
}

/** The origin of a server's URL; undefined if the text is not one. */
export function serverOrigin(text: string): string | undefined {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
  if (url === null || !["http:", "https:"].includes(url.protocol) || url.host === "")
    return undefined;
  return url.origin;
}
