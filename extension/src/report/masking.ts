export interface MaskOptions {
  /** Known secrets such as tokens. They are masked in every encoding, wherever they occur. */
  readonly secrets: readonly string[];
  /** The user's home folder. */
  readonly home: string;
  /** The names of the user on this machine and on the server. */
  readonly users: readonly string[];
}

/**
 * Masks known secrets, text that looks like a credential or a key, e-mail addresses, the user's
 * home folder and the user's names. Masking a masked text changes nothing.
 */
export function mask(text: string, { secrets, home, users }: MaskOptions): string {
  const known = maskSecrets(text, secrets);
  const plain = CREDENTIAL_PATTERNS.reduce((rest, replace) => replace(rest), known);
  return maskUsers(maskHomes(plain, home), users);
}

/** Shorter strings are not secrets and would match inside words. */
const MIN_SECRET_LENGTH = 6;
const MIN_NAME_LENGTH = 2;

function maskSecrets(text: string, secrets: readonly string[]): string {
  const written = secrets
    .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret, "utf8").toString("base64").replace(/=+$/, ""),
      Buffer.from(secret, "utf8").toString("base64url"),
    ]);
  // The longest first, because one may be a prefix of another.
  return [...new Set(written)]
    .sort((a, b) => b.length - a.length)
    .reduce((rest, secret) => rest.replaceAll(secret, () => "<secret>"), text);
}

/**
 * Writes the user's home as "~", in any notation of a path. In other home folders only the user's
 * name is masked.
 */
function maskHomes(text: string, home: string): string {
  const parts = home.split(/[\\/]+/).filter((part) => part !== "");
  const separator = String.raw`(?:[\\/]{1,4}|%2F|%5C)`;
  const segments = parts.map(
    (part) => `(?:${escapeRegExp(part)}|${escapeRegExp(encodeURIComponent(part))})`,
  );
  const lead = /^[\\/]/.test(home) ? separator : `${separator}?`;
  const own = new RegExp(`${lead}${segments.join(separator)}(?![\\p{L}\\p{N}_-])`, "giu");
  const masked = parts.length === 0 ? text : text.replaceAll(own, "~");
  return masked.replaceAll(/([\\/](?:home|Users)[\\/]+)[^\\/\s:;,"'<>]+/g, "$1<user>");
}

function maskUsers(text: string, users: readonly string[]): string {
  const names = users.filter((user) => user.length >= MIN_NAME_LENGTH).map(escapeRegExp);
  if (names.length === 0) return text;
  const name = new RegExp(`(?<![\\p{L}\\p{N}])(?:${names.join("|")})(?![\\p{L}\\p{N}])`, "giu");
  // "gpu-dev" stays readable even if the user is called "dev", and so do the placeholders.
  return text
    .split(/(gpu-dev|<[a-z-]+>)/)
    .map((piece, index) => (index % 2 === 0 ? piece.replaceAll(name, "<user>") : piece))
    .join("");
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
}

/**
 * Text that looks like a credential, a key or an e-mail address: first patterns that rely on the
 * text around it, then patterns of the value itself. The text around a value stays, so that the
 * report remains understandable.
 */
const CREDENTIAL_PATTERNS: readonly ((text: string) => string)[] = [
  // A truncated block extends to the end of the text.
  replacing(
    /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[^]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|$)/g,
    "<key>",
  ),
  replacing(
    /\b(ssh-[a-z0-9]{1,20}|ecdsa-sha2-[a-z0-9]{1,20}|sk-[a-z0-9-]{1,40}@openssh\.com)[ \t]+[A-Za-z0-9+/=]{16,}/g,
    "$1 <key>",
  ),
  replacing(/(?<![A-Za-z0-9+/])AAAA[A-Za-z0-9+/=]{16,}/g, "<key>"),
  replacing(/\b(SHA256|MD5):[A-Za-z0-9+/=:]{16,}/g, "$1:<fingerprint>"),
  replacing(/\b(bearer|basic|negotiate)([ \t]+)[A-Za-z0-9+/=._~-]{6,}/gi, "$1$2<secret>"),
  replacing(/([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#"'<>]{1,200}@/gi, "$1<secret>@"),
  namedValues,
  replacing(/\beyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,4}/g, "<secret>"),
  replacing(
    /\b(?:gpudev|gh[opusr]|github_pat|glpat|xox[a-z]|sk|hf|npm)[_-][A-Za-z0-9_-]{16,}/g,
    "<secret>",
  ),
  replacing(/\b(?:A3T|AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{12,}\b/g, "<secret>"),
  replacing(
    /[^\s@<>"'(),:;=/]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,8}/gu,
    "<e-mail>",
  ),
  replacing(/(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{30,}={1,2}(?![A-Za-z0-9+/=])/g, "<secret>"),
  (text) => text.replaceAll(/[A-Za-z0-9+/]{40,}/g, (word) => (isMixed(word) ? "<secret>" : word)),
  (text) => text.replaceAll(/[A-Za-z0-9_-]{32,}/g, (word) => (isRandom(word) ? "<secret>" : word)),
];

function replacing(pattern: RegExp, by: string): (text: string) => string {
  return (text) => text.replaceAll(pattern, by);
}

const SECRET_NAME =
  "(?:token|secret|passw(?:or)?d|passphrase|api[_-]?key|access[_-]?key|private[_-]?key|credential|cookie|authorization|signature)[a-z0-9_-]{0,20}";

/**
 * `"token": "…"`, `password=…`, `x-amz-security-token: …`, `--secret …`: the value is masked, its
 * name stays.
 */
function namedValues(text: string): string {
  const assigned = new RegExp(
    String.raw`(${SECRET_NAME}(?:\\?["'])?[ \t]*[:=][ \t]*)(?:(\\?["'])(?:[^"'\\\n]|\\.)*|\S+)`,
    "gi",
  );
  const flag = new RegExp(String.raw`(--[a-z0-9-]{0,40}${SECRET_NAME}[ \t]+)\S+`, "gi");
  return text
    .replaceAll(assigned, (_, head: string, quote: string | undefined) => {
      return `${head}${quote ?? ""}<secret>`;
    })
    .replaceAll(flag, "$1<secret>");
}

function isMixed(word: string): boolean {
  return /[A-Z]/.test(word) && /[a-z]/.test(word) && /[0-9]/.test(word);
}

/**
 * Names of nodes and pods are long too, but consist of lower-case words with hyphens; UUIDs have
 * short runs.
 */
function isRandom(word: string): boolean {
  return isMixed(word) || word.split("-").some((run) => run.length >= 32 && /[0-9]/.test(run));
}
