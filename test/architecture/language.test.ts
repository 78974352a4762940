import assert from "node:assert/strict";
import { read, repositoryFiles } from "./sources.ts";

/**
 * Files that the word list does not apply to, besides binary files: generated ones, licenses, and
 * the list itself.
 */
const EXEMPT =
  /(^|\/)(package-lock\.json|[^/]+\.sum|LICENSE)$|^openapi\.json$|^migrations\/schema\.sql$|\/words\.txt$/;
const BINARY = /\.(png|svg|gif|ico|vsix|tgz)$/;

/** Lines that use a listed word for a good reason: the file, a part of the line, and the reason. */
const EXCEPTIONS: readonly { path: string; line: string; reason: string }[] = [
  {
    path: "test/architecture/language.test.ts",
    line: 'matchesIn("fixture.ts"',
    reason: "shows that the test can fail",
  },
  ...[
    "CHANGELOG.md",
    "test/architecture/language.test.ts",
    "control-plane/src/config.ts",
    "test/unit/controlPlane/operationsConfig.test.ts",
  ].map((path) => ({
    path,
    line: "GPU_DEV_STRANGERS_PER_SECOND",
    reason: "names the variable that is refused since it was renamed",
  })),
];

interface Word {
  readonly pattern: RegExp;
  readonly replacement: string;
}

const words = parseList(read("test/architecture/words.txt"));

describe("language", () => {
  it("has a list of words with a replacement each", () => {
    assert.ok(words.length > 50);
    for (const { pattern, replacement } of words) assert.notEqual(replacement, "", pattern.source);
  });

  it("finds a listed word in prose in any case, and a listed identifier in its own", () => {
    assert.equal(matchesIn("fixture.ts", "// Reads the list ANEW.").length, 1);
    assert.equal(matchesIn("fixture.ts", "const RETRY_MILLIS = 5;").length, 1);
    assert.deepEqual(matchesIn("fixture.ts", "// Reads the list again, with RETRY_MS."), []);
  });

  it("uses no word of the list in tracked text files", () => {
    const found = repositoryFiles()
      .filter((path) => !EXEMPT.test(path) && !BINARY.test(path))
      .flatMap((path) => matchesIn(path, read(path)));
    assert.deepEqual(found, []);
  });

  it("has no exception that is no longer needed", () => {
    const unused = EXCEPTIONS.filter(({ path, line }) => {
      const lines = read(path).split("\n");
      return !lines.some((each) => each.includes(line) && wordsIn(each).length > 0);
    });
    assert.deepEqual(unused, []);
  });
});

function parseList(text: string): Word[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [source = "", replacement = ""] = line.split("\t");
      const ignoresCase = !/[A-Z]/.test(source.replace(/\\./g, ""));
      return { pattern: new RegExp(source, ignoresCase ? "i" : ""), replacement };
    });
}

function matchesIn(path: string, text: string): string[] {
  return text.split("\n").flatMap((line, index) => {
    if (EXCEPTIONS.some((each) => each.path === path && line.includes(each.line))) return [];
    return wordsIn(line).map(
      ({ pattern, replacement }) =>
        `${path}:${String(index + 1)}: "${pattern.exec(line)?.[0] ?? ""}": write ${replacement}`,
    );
  });
}

function wordsIn(line: string): Word[] {
  return words.filter(({ pattern }) => pattern.test(line));
}
