import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const NAME = "gpu-dev";

/** `gpu-dev` before the name of a command, as in "To create one: gpu-dev reserve". */
const MENTION = new RegExp(
  String.raw`(?<![\w./-])${NAME}(?= (setup|login|logout|avail|reserve|list|show|connect|extend|cancel|` +
    String.raw`get-ssh-config|logs|status|disk|image|key|config|completion|help)\b)`,
  "g",
);

/**
 * The command that runs this program: `gpu-dev` if the PATH has it, otherwise the command that the
 * user ran. npm adds the folder of its packages to the PATH of `npx` only, so that folder does not
 * count.
 */
export function programName(
  env: Readonly<Record<string, string | undefined>>,
  script: string | undefined,
): string {
  const folders = (env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "" && !/node_modules[/\\]\.bin[/\\]?$/.test(folder));
  if (folders.some((folder) => isProgram(join(folder, NAME)))) return NAME;
  if (env["npm_command"] === "exec") return `npx ${NAME}`;
  return script === undefined ? NAME : quoted(script);
}

/** Replaces `gpu-dev` in hints ("Run gpu-dev login"), so that they name an existing program. */
export function withProgramName(text: string, program: string): string {
  return program === NAME ? text : text.replace(MENTION, () => program);
}

function isProgram(path: string): boolean {
  const variants = process.platform === "win32" ? [".cmd", ".exe"] : [""];
  return variants.some((extension) => {
    try {
      accessSync(path + extension, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function quoted(path: string): string {
  return /^[\w./\\:@+-]+$/.test(path) ? path : JSON.stringify(path);
}
