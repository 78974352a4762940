import assert from "node:assert/strict";
import ts from "typescript";
import { read, repositoryFiles } from "./sources.ts";

/** Reliability cases that something makes happen by now; each id stands at the front of a test's title. */
const COVERED = [
  ...[
    "R1",
    "R2",
    "R3",
    "R4",
    "R5",
    "R6",
    "R7",
    "R8",
    "R9",
    "R10",
    "R11",
    "R12",
    "R13",
    "R14",
    "R15",
    "R16",
    "R18",
  ],
  ...[
    "D1",
    "N1",
    "N2",
    "N3",
    "N4",
    "N7",
    "N9",
    "N10",
    "N11",
    "Q3",
    "Q5",
    "Q7",
    "S1",
    "S3",
    "S5",
    "S6",
    "S7",
    "S8",
  ],
];

describe("reliability cases", () => {
  const titles = repositoryFiles()
    .filter((path) => /^test\/(unit|integration|vscode|cluster)\/.*\.test\.ts$/.test(path))
    .flatMap(titlesOf);

  for (const id of COVERED) {
    it(`${id} happens in a test`, () => {
      const naming = new RegExp(`\\b${id}:|\\b${id}\\b.*:`);
      assert.ok(
        titles.some((title) => naming.test(title)),
        `no test's title begins with "${id}: "`,
      );
    });
  }
});

/** The texts of `it(...)` and `describe(...)`, template literals with what they interpolate left out. */
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
