import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { completionOf, takesValue } from "../../../cli/src/completion/commandLine.ts";
import { FREE_VALUES, optionValues } from "../../../cli/src/completion/valueKinds.ts";
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

  const valuesOf = (...words: string[]) =>
    completionOf(program, words).candidates.map(({ value }) => value);

  it("completes every command and option, and no hidden one", () => {
    const path = (command: Command): string[] =>
      command.parent === null ? [] : [...path(command.parent), command.name()];
    for (const command of everyCommand(program)) {
      const above = path(command).slice(0, -1);
      assert.ok(valuesOf(...above, "").includes(command.name()), command.name());
      const options = valuesOf(...path(command), "-");
      for (const option of command.createHelp().visibleOptions(command)) {
        assert.ok(options.includes(option.long ?? ""), `${command.name()} ${option.flags}`);
      }
      assert.ok(options.includes("--json") && !options.includes("--role"));
    }
    assert.deepEqual(
      ["explain", "complete"].filter((name) => valuesOf("").includes(name)),
      [],
    );
  });

  it("knows for every option with a value what completes it", () => {
    for (const command of [program, ...everyCommand(program)]) {
      for (const option of command.options.filter((each) => takesValue(each) && !each.hidden)) {
        const isKnown =
          option.argChoices !== undefined ||
          optionValues(option) !== undefined ||
          FREE_VALUES.includes(option.long ?? "");
        assert.ok(isKnown, `${command.name()} ${option.flags}`);
      }
    }
  });
});
