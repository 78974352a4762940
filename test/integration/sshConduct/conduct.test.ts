import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { requireTool, skipBecause } from "../../support/requireTool.ts";
import { sshServerPath } from "../../support/sshServerProgram.ts";
import { CONDUCT_CASES, describeConduct } from "./describeConduct.ts";
import { KNOWN_DIFFERENCES } from "./knownDifferences.ts";

const CONTRACT = join(import.meta.dirname, "../../../docs/pod-contract.md");

describeConduct("dev-cluster");

// A fresh machine has no Go, and the first build takes a minute.
describeConduct("ssh-server", (context) => {
  requireTool(context, "go");
  if (process.env["CI"] !== "true" && !existsSync(sshServerPath("test-server"))) {
    skipBecause(context, "the Go SSH server is not built yet; npm run test:cluster builds it");
  }
});

describe("the known differences between the SSH servers", () => {
  it("name existing cases, each once per server", () => {
    const names = KNOWN_DIFFERENCES.map((known) => `${known.server}: ${known.case}`);
    assert.deepEqual(names, [...new Set(names)]);
    const cases = CONDUCT_CASES.map(({ name }) => name);
    const unknown = KNOWN_DIFFERENCES.filter((known) => !cases.includes(known.case));
    assert.deepEqual(unknown, []);
    assert.deepEqual(cases, [...new Set(cases)]);
  });

  it("are listed in docs/pod-contract.md with the same reasons", () => {
    const rows = KNOWN_DIFFERENCES.map((known) => [known.server, known.case, known.reason]);
    assert.deepEqual(tableBelow("## Where the SSH servers differ"), rows);
  });
});

/** The cells of the first Markdown table below a heading, without its header. */
function tableBelow(heading: string): string[][] {
  const text = readFileSync(CONTRACT, "utf8");
  const lines = text.slice(text.indexOf(heading)).split("\n").slice(1);
  const first = lines.findIndex((line) => line.startsWith("|"));
  const rows = lines.slice(
    first,
    lines.findIndex((line, at) => at > first && line === ""),
  );
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}
