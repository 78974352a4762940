import assert from "node:assert/strict";
import { type ReportParts, reportText } from "../../../extension/src/report/reportText.ts";
import { aReservation, aState, iso, minutesFrom, NOW } from "./treeFixtures.ts";

const MASKING = { secrets: ["known-secret"], home: "/home/ada", users: ["ada"] };
const report = (more: Partial<ReportParts> = {}) =>
  reportText(
    {
      versions: { extension: "0.1.0", editor: "VS Code 1.101.0" },
      settings: { "gpuDev.identityFile": "/home/ada/.ssh/id_work" },
      serverStatus: "http://127.0.0.1:8710",
      account: { kind: "signedOut" },
      live: aState(),
      include: "present: first",
      sshFiles: [],
      errors: [],
      logLines: [],
      ...more,
    },
    MASKING,
    NOW,
  );

describe("a problem report", () => {
  it("states that nothing was sent, and asks what the user did", () => {
    assert.match(report(), /Nothing has been sent\./);
    assert.match(report(), /## What went wrong\n\nDescribe what you did/);
  });

  it("contains versions, settings, connection, reservations, SSH files, errors and the log", () => {
    const live = aState({
      contact: { kind: "lost", since: minutesFrom(-3), error: new Error("connection refused") },
      asOf: minutesFrom(-4),
      reservations: [aReservation({ state: "failed", endReason: "node-lost", expiresAt: iso(5) })],
    });
    const text = report({
      live,
      sshFiles: [{ name: "a.conf", text: "Host gpu-dev-demo" }],
      errors: ["an error"],
      logLines: ["a line"],
    });
    const wanted = [
      "extension: 0.1.0\neditor: VS Code 1.101.0",
      "gpuDev.identityFile: ~/.ssh/id_work",
      `connection: lost since ${iso(-3)}: connection refused\nlast read: ${iso(-4)}`,
      `000000000000000a failed, reason node-lost, until ${iso(5)}, generation 1`,
      "## Generated file a.conf\n\n```text\nHost gpu-dev-demo\n```",
      "## Newest errors\n\n```text\nan error\n```",
      "## Newest log lines\n\n```text\na line\n```",
      "sign-in: signedOut",
    ];
    for (const part of wanted) assert.ok(text.includes(part), part);
  });

  it("masks every part", () => {
    const leak = "known-secret of ada in /home/ada";
    const text = report({
      serverStatus: leak,
      include: leak,
      errors: [leak],
      logLines: [leak],
      versions: { extension: leak },
      settings: { "gpuDev.server": leak },
      sshFiles: [{ name: "a.conf", text: leak }],
      live: aState({ contact: { kind: "lost", since: NOW, error: new Error(leak) } }),
    });
    assert.equal(text.match(/<secret> of <user> in ~/g)?.length, 8);
    assert.doesNotMatch(text, /known-secret|\bada\b/);
  });

  it("keeps every part inside its code block", () => {
    const text = report({ logLines: ["```", "# not a heading", "````"] });
    assert.ok(text.includes("`````text\n```\n# not a heading\n````\n`````"));
  });
});
