/**
 * What looks like a credential, a key or a mail address, whoever it belongs to: what is known by its surroundings
 * first, then what is known by its looks. Each keeps the words around it, so that a text can still be understood.
 */
export const CREDENTIAL_PATTERNS: readonly ((text: string) => string)[] = [
  // A block that was cut off in the middle goes to the end of the text.
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

/** `"token": "…"`, `password=…`, `x-amz-security-token: …`, `--secret …`: the value goes, its name stays. */
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

/** Names of nodes and pods are long too, but of lower-case words with hyphens; UUIDs have short runs. */
function isRandom(word: string): boolean {
  return isMixed(word) || word.split("-").some((run) => run.length >= 32 && /[0-9]/.test(run));
}
