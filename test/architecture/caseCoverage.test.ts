import assert from "node:assert/strict";
import ts from "typescript";
import { read, repositoryFiles } from "./sources.ts";

/** How many cases each series has; ids are never reused, so a series only grows. */
const SERIES = { R: 38, D: 12, N: 13, Q: 10, S: 11 };
const NOT_YET = "not yet";

interface Case {
  readonly id: string;
  readonly promise: string;
  readonly test: string;
}

describe("docs/reliability.md", () => {
  const cases = casesOf(read("docs/reliability.md"));
  const titles = repositoryFiles()
    .filter((path) => /^test\/(unit|integration|vscode|cluster)\/.*\.test\.ts$/.test(path))
    .flatMap(titlesOf);

  it("lists every case once, in order, with a promise", () => {
    const ids = Object.entries(SERIES).flatMap(([letter, count]) =>
      Array.from({ length: count }, (_, index) => `${letter}${String(index + 1)}`),
    );
    assert.deepEqual(
      cases.map(({ id }) => id),
      ids,
    );
    for (const { id, promise, test } of cases) assert.ok(promise !== "" && test !== "", id);
  });

  for (const { id, test } of cases) {
    it(`${id} ${test === NOT_YET ? "has no test yet" : "is in the title of a test"}`, () => {
      const naming = titles.filter((title) => idsOf(title).includes(id));
      if (test === NOT_YET) assert.deepEqual(naming, [], `${id} has a test: say how it breaks it`);
      else assert.notEqual(naming.length, 0, `no test title starts with "${id}: "`);
    });
  }
});

describe("case ids in a title", () => {
  it("are those before the first colon, and nothing else is one", () => {
    assert.deepEqual(idsOf("R9, R10: nothing is lost"), ["R9", "R10"]);
    assert.deepEqual(idsOf("N2: refused in SQL, and D1: a second holder"), ["N2", "D1"]);
    assert.deepEqual(idsOf("keeps R9 out of the title"), []);
  });
});

/** The rows of the document's tables. */
function casesOf(text: string): Case[] {
  return [...text.matchAll(/^\| *([RDNQS]\d+) *\|([^|]*)\|([^|]*)\|$/gm)].map((row) => ({
    id: row[1] ?? "",
    promise: row[2]?.trim() ?? "",
    test: row[3]?.trim() ?? "",
  }));
}

function idsOf(title: string): string[] {
  const lists = title.match(/\b[RDNQS]\d+(, [RDNQS]\d+)*(?=:)/g) ?? [];
  return lists.flatMap((list) => list.split(", "));
}

/** The texts of `it(...)` and `describe(...)`, without what template literals interpolate. */
function titlesOf(path: string): string[] {
  const source = ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(it|describe)$/.test(node.expression.getText(source))) {
      const title = node.arguments[0];
      if (title) found.push(title.getText(source).slice(1, -1));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
