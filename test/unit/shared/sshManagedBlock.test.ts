import assert from "node:assert/strict";
import fc from "fast-check";
import {
  BEGIN_MARKER,
  END_MARKER,
  insertBlock,
  inspectBlock,
  removeBlock,
} from "@gpu-dev/client/ssh/managedBlock.ts";

const OURS = "/home/ada/.gpu-dev/ssh/config";
const BOM = "\u00ef\u00bb\u00bf";
const insert = (text: string) => insertBlock(text, OURS, { madeFile: false });

const line = fc.oneof(
  fc.string(),
  fc.constantFrom("Host *", "  User bob", "Match all", "Include other", "# $& $1 $`", ""),
);
const anyText = fc
  .tuple(fc.constantFrom("", BOM), fc.array(line), fc.constantFrom("\n", "\r\n"), fc.boolean())
  .map(([bom, lines, eol, ended]) => bom + lines.join(eol) + (ended ? eol : ""))
  .filter((text) => !text.includes("gpu-dev"));

describe("the managed block in the user's ssh config", () => {
  it("N3: removing the inserted block restores every byte of any file", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        assert.equal(removeBlock(insert(text)).text, text);
      }),
    );
  });

  it("N3: the block is found first after it was inserted, before any Host line", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        assert.deepEqual(inspectBlock(insert(text), OURS), {
          kind: "present",
          place: "first",
          include: OURS,
        });
      }),
    );
  });

  it("N3: edits around the block survive its removal", () => {
    const edited = `# mine\n${insert("Host a\n")}Host late\n`;
    assert.equal(removeBlock(edited).text, "# mine\nHost a\nHost late\n");
  });

  it("N3: CRLF files get CRLF lines, and a byte order mark stays first", () => {
    const result = insert(`${BOM}Host *\r\n  User bob\r\n`);
    assert.ok(result.startsWith(`${BOM}${BEGIN_MARKER}\r\n`));
    assert.doesNotMatch(result, /[^\r]\n/);
  });

  it("N3: ten thousand lines and $& in values pass through unchanged", () => {
    const text = "Host x\n  ProxyCommand echo $& $1 $$\n".repeat(5_000);
    const result = insert(text);
    assert.ok(result.endsWith(text));
    assert.equal(removeBlock(result).text, text);
  });

  for (const [what, text] of [
    ["no end", `${BEGIN_MARKER}\nHost a\n`],
    ["no beginning", `Host a\n${END_MARKER}\n`],
    ["two blocks", `${BEGIN_MARKER}\n${END_MARKER}\n${BEGIN_MARKER}\n${END_MARKER}\n`],
    ["nested", `${BEGIN_MARKER}\n${BEGIN_MARKER}\n${END_MARKER}\n${END_MARKER}\n`],
    ["reversed", `${END_MARKER}\n${BEGIN_MARKER}\n`],
    ["a line of the user's inside", `${BEGIN_MARKER}\nHost mine\n${END_MARKER}\n`],
  ] as const) {
    it(`N3: markers are malformed: ${what}`, () => {
      assert.equal(inspectBlock(text, OURS).kind, "malformed");
    });
  }

  it("N3: a block below a Host line differs from one below another setting", () => {
    const block = insert("");
    const placeOf = (text: string) => {
      const state = inspectBlock(text, OURS);
      return state.kind === "present" ? state.place : state.kind;
    };
    assert.equal(placeOf(`Host a\n${block}`), "inside");
    assert.equal(placeOf(`match=all\n${block}`), "inside");
    assert.equal(placeOf(`User bob\n${block}`), "later");
    assert.equal(placeOf(`# only a comment\n\n${block}`), "first");
  });

  it("N3: the user's own Include counts only outside Host blocks", () => {
    const state = (text: string) => inspectBlock(text, OURS);
    assert.deepEqual(state(`Include ${OURS}\n`), { kind: "absent", byHand: true });
    assert.deepEqual(state(`Host a\n  Include "${OURS}"\n`), { kind: "absent", byHand: false });
  });
});
