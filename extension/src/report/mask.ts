import { CREDENTIAL_PATTERNS } from "./credentialPatterns.ts";

export interface MaskOptions {
  /** Tokens and the like, taken out wherever they stand and however they are written. */
  readonly secrets: readonly string[];
  /** The user's home folder. */
  readonly home: string;
  /** Names of the user: on this machine, and at the server. */
  readonly users: readonly string[];
}

/**
 * Takes out of a text what is nobody's business: secrets that we know, whatever looks like a credential or a key,
 * mail addresses, and who the user is. Masking what is masked already changes nothing.
 */
export function mask(text: string, { secrets, home, users }: MaskOptions): string {
  const known = maskSecrets(text, secrets);
  const plain = CREDENTIAL_PATTERNS.reduce((rest, replace) => replace(rest), known);
  return maskUsers(maskHomes(plain, home), users);
}

/** Shorter ones are no secrets, and would tear words apart. */
const SHORTEST_SECRET = 6;
const SHORTEST_NAME = 2;

function maskSecrets(text: string, secrets: readonly string[]): string {
  const written = secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret, "utf8").toString("base64").replace(/=+$/, ""),
      Buffer.from(secret, "utf8").toString("base64url"),
    ]);
  // The longest first: one may be the beginning of another.
  return [...new Set(written)]
    .sort((a, b) => b.length - a.length)
    .reduce((rest, secret) => rest.replaceAll(secret, () => "<secret>"), text);
}

/** The user's own home as "~", in any way of writing a path; in other homes the name alone goes. */
function maskHomes(text: string, home: string): string {
  const parts = home.split(/[\\/]+/).filter((part) => part !== "");
  const separator = String.raw`(?:[\\/]{1,4}|%2F|%5C)`;
  const words = parts.map((part) => `(?:${escaped(part)}|${escaped(encodeURIComponent(part))})`);
  const lead = /^[\\/]/.test(home) ? separator : `${separator}?`;
  const own = new RegExp(`${lead}${words.join(separator)}(?![\\p{L}\\p{N}_-])`, "giu");
  const masked = parts.length === 0 ? text : text.replaceAll(own, "~");
  return masked.replaceAll(/([\\/](?:home|Users)[\\/]+)[^\\/\s:;,"'<>]+/g, "$1<user>");
}

function maskUsers(text: string, users: readonly string[]): string {
  const names = users.filter((user) => user.length >= SHORTEST_NAME).map(escaped);
  if (names.length === 0) return text;
  const name = new RegExp(`(?<![\\p{L}\\p{N}])(?:${names.join("|")})(?![\\p{L}\\p{N}])`, "giu");
  // Our own name stays readable though somebody is called "dev", and so do the words that stand for what went.
  return text
    .split(/(gpu-dev|<[a-z-]+>)/)
    .map((piece, index) => (index % 2 === 0 ? piece.replaceAll(name, "<user>") : piece))
    .join("");
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
}
