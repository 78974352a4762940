import type { BlockState } from "@gpu-dev/client/ssh/managedBlock.ts";

/** The question before the one change that we make to a file of the user's: which line, in which file. */
export function includeQuestion(options: {
  readonly host: string;
  readonly file: string;
  readonly includePath: string;
  readonly state: BlockState;
}): { message: string; detail: string; agree: string } {
  const { host, file, includePath, state } = options;
  const isThere = state.kind === "present";
  const what = isThere
    ? `The line that finds it is in ${file}, but not as it should be. It will be first in the file, as:`
    : `This line will be put first in ${file}, between two comment lines that mark it:`;
  return {
    message: isThere ? "Put the line in your SSH config right?" : "Add a line to your SSH config?",
    detail: [
      `Remote - SSH can't see ${host} without it. ${what}`,
      `Include "${includePath}"`,
      "Nothing else in the file is changed. A terminal works without it.",
    ].join("\n\n"),
    agree: isThere ? "Put It Right" : "Add Line",
  };
}
