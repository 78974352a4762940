import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { completionScript } from "../../../cli/src/commands/completion.ts";
import { exitCodeLines } from "../../../cli/src/commands/help.ts";
import { buildProgram } from "../../../cli/src/main.ts";

type Command = ReturnType<typeof buildProgram>;

function everyCommand(command: Command): Command[] {
  const below = command.createHelp().visibleCommands(command);
  return below.flatMap((child) => [child, ...everyCommand(child)]);
}

describe("the command line's documentation", () => {
  const program = buildProgram();
  let page: string;
  before(async () => {
    page = await readFile(new URL("../../../docs/cli.md", import.meta.url), "utf8");
  });

  it("names every command and every option", () => {
    for (const command of [program, ...everyCommand(program)]) {
      if (command !== program) assert.ok(page.includes(command.name()), command.name());
      for (const option of command.options) {
        assert.ok(page.includes(option.long ?? ""), `${command.name()} ${option.flags}`);
      }
    }
  });

  it("lists the exit codes as help exit-codes does", () => {
    for (const line of exitCodeLines()) {
      const [code = "", meaning = ""] = line.trim().split(/ {2}/);
      assert.match(page.replaceAll(/ +/g, " "), new RegExp(`\\| ${code} \\| ${meaning} \\|`));
    }
  });

  it("completes every command and option, and no hidden one", () => {
    for (const shell of ["bash", "zsh", "fish"] as const) {
      const script = completionScript(program, shell);
      for (const command of everyCommand(program)) assert.ok(script.includes(command.name()));
      assert.match(script, /gpu-type/);
      assert.doesNotMatch(script, /explain/);
    }
  });
});
