import { SshFilesError } from "./sshFileSystem.ts";

/**
 * A value for a line of ssh's config. The schemas let nothing odd through; this refuses it once more, because
 * a line break here would be a line of configuration.
 */
export function plainWord(value: string, what: string): string {
  if (/^[A-Za-z0-9._:@/+=[\]-]+$/.test(value) && !value.startsWith("-")) return value;
  throw new SshFilesError(`${what} can't be written to an ssh config: ${JSON.stringify(value)}`);
}

/** A path in quotes, with "%" doubled where ssh expands tokens. */
export function quotedPath(
  path: string,
  platform: NodeJS.Platform,
  options: { tokens: boolean },
): string {
  const slashed = platform === "win32" ? path.replaceAll("\\", "/") : path;
  // ssh has no way to write these in every option and version that we use.
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f"\\]|\$\{/.test(slashed)) throw unusable(path);
  if (!options.tokens && /[*?[\]]/.test(slashed)) throw unusable(path);
  return `"${options.tokens ? slashed.replaceAll("%", "%%") : slashed}"`;
}

/** A command line for ProxyCommand: ssh expands "%", then hands it to the user's shell (Windows: to the system). */
export function quotedCommand(words: readonly string[], platform: NodeJS.Platform): string {
  return words
    .map((word) => {
      // eslint-disable-next-line no-control-regex
      if (/[\u0000-\u001f\u007f]/.test(word)) throw unusable(word);
      if (platform === "win32") {
        if (word.includes('"')) throw unusable(word);
        return `"${word}"`;
      }
      return `'${word.replaceAll("'", `'\\''`)}'`;
    })
    .join(" ")
    .replaceAll("%", "%%");
}

function unusable(path: string): SshFilesError {
  return new SshFilesError(
    `ssh can't use the path ${JSON.stringify(path)}: it holds a quote, a backslash, a wildcard or a ` +
      "control character. Set GPU_DEV_HOME to a folder with a plain name.",
  );
}
