/** The arguments of ssh for a host of ours: our own file has to be named where ssh does not find it by itself. */
export function sshArguments(host: string, configFile: string | null): string[] {
  return configFile === null ? [host] : ["-F", configFile, host];
}

/** A command line that can be pasted into a terminal of this platform. */
export function sshCommandLine(args: readonly string[], platform: NodeJS.Platform): string {
  const quote = platform === "win32" ? quoteForWindows : quoteForPosix;
  return ["ssh", ...args].map(quote).join(" ");
}

function quoteForPosix(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Double quotes are understood by cmd and by PowerShell alike; paths can't hold any. */
function quoteForWindows(word: string): string {
  return /^[\w@+=:./\\-]+$/.test(word) ? word : `"${word}"`;
}
