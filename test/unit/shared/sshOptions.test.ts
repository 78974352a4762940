import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { renderLive, renderProbe } from "@gpu-dev/client/ssh/renderHosts.ts";
import { SSH_OPTION_GROUPS, SSH_OPTIONS } from "@gpu-dev/client/ssh/sshOptions.ts";
import { liveHost } from "../../support/sshHostFixtures.ts";
import { OPTION_TRIALS } from "../../support/sshOptionTrials.ts";

const PAGE = join(import.meta.dirname, "../../../docs/ssh-options.md");
const OWN_KEY = "/home/ada/.gpu-dev/ssh/id_ed25519";
const options = {
  platform: "linux" as const,
  knownHostsPath: "/home/ada/.gpu-dev/ssh/d.known_hosts",
  statePath: "/home/ada/.gpu-dev/ssh/d.hosts.json",
  ownIdentity: OWN_KEY,
  explainCommand: ["/opt/gpu-dev"],
};
const blockOf = (host: string, identityFile = OWN_KEY) => {
  const state = { version: 1 as const, prefix: "gpu-dev", server: "s", identityFile };
  return renderLive(
    { ...state, live: [], tombstones: [] },
    liveHost(1, { host }),
    "gpu-dev-box1",
    options,
  );
};
const namesIn = (block: readonly string[]) =>
  block.slice(1).map((line) => line.trim().split(" ")[0] ?? "");

describe("the table of ssh options", () => {
  it("names each option once, and each has a value to try", () => {
    const names = SSH_OPTIONS.map(({ name }) => name);
    assert.deepEqual(names, [...new Set(names)]);
    assert.deepEqual(Object.keys(OPTION_TRIALS).sort(), names.sort());
  });

  it("says which options the block of a host sets", () => {
    // An interface of the user is not used with BindAddress.
    const wanted = SSH_OPTIONS.filter(
      ({ role, name }) => role === "set" && name !== "BindInterface",
    )
      .map(({ name }) => name.toLowerCase())
      .sort();
    const aliases = new Map(
      SSH_OPTIONS.flatMap(({ name, aliases: all = [] }) => all.map((alias) => [alias, name])),
    );
    const written = namesIn(blockOf("127.0.0.1")).map((name) => aliases.get(name) ?? name);
    assert.deepEqual(written.map((name) => name.toLowerCase()).sort(), wanted);
  });

  it("a host with a name leaves family and local address to the user", () => {
    const names = namesIn(blockOf("gpu.example.com"));
    assert.ok(!names.includes("AddressFamily") && !names.includes("BindAddress"));
    assert.ok(blockOf("fd00::1").includes("  BindAddress ::"));
  });

  it("a key that the user chose keeps the user's agent, tokens and algorithms", () => {
    const names = namesIn(blockOf("127.0.0.1", "/home/ada/.ssh/id_rsa"));
    for (const name of ["AddKeysToAgent", "PKCS11Provider", "PubkeyAcceptedKeyTypes"]) {
      assert.ok(!names.includes(name), name);
    }
  });

  it("the check of setup uses the options of a host, without an address that needs a resolver", () => {
    const block = renderProbe();
    assert.ok(block.includes("  HostName 192.0.2.1"));
    const missing = namesIn(blockOf("127.0.0.1")).filter((name) => !namesIn(block).includes(name));
    const ofReservation = ["Port", "User", "IdentityFile", "HostKeyAlias", "UserKnownHostsFile"];
    assert.deepEqual(missing.sort(), ofReservation.sort());
  });

  it("is the one in docs/ssh-options.md", () => {
    const expected = Object.entries(SSH_OPTION_GROUPS).map(([title, group]) => ({
      title,
      rows: group.map(({ name, role, reason, since = "" }) => [name, role, reason, since]),
    }));
    assert.deepEqual(tablesOf(readFileSync(PAGE, "utf8")), expected);
  });
});

/** The sections of a page that have a table, with the cells of its rows. */
function tablesOf(page: string): { title: string; rows: string[][] }[] {
  return page
    .split("\n## ")
    .map((section) => {
      const [title = "", ...lines] = section.split("\n");
      const rows = lines.filter((line) => line.startsWith("|")).slice(2);
      const cells = (row: string) => row.split("|").slice(1, -1);
      return { title, rows: rows.map((row) => cells(row).map((cell) => cell.trim())) };
    })
    .filter(({ rows }) => rows.length > 0);
}
