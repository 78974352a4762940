import assert from "node:assert/strict";
import { readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Event } from "@gpu-dev/shared/api/events.ts";
import { createEventClaims } from "../../../extension/src/notify/eventClaims.ts";
import { createEventTeller } from "../../../extension/src/notify/eventTeller.ts";
import { makeTempDir, type TempDir } from "../../support/tempDir.ts";
import { waitFor } from "../../support/waitFor.ts";
import { aReservation, iso, NOW } from "./treeFixtures.ts";

const ready = (id: string, at = NOW.toISOString()): Event => ({
  id,
  type: "reservation.ready",
  at,
  reservationId: aReservation().id,
  reservationName: "demo",
  message: "Ready.",
  data: {},
});

describe("which window tells", () => {
  let dir: TempDir;
  const windows: { dispose(): void }[] = [];
  beforeEach(async () => {
    dir = await makeTempDir("claims");
  });
  afterEach(async () => {
    for (const one of windows.splice(0)) one.dispose();
    await dir.remove();
  });

  const claims = (folder = dir.path) => createEventClaims({ folder, now: () => NOW });
  const openWindow = (options: {
    focused: boolean;
    said: string[];
    level?: "all" | "none";
    isToldHere?: () => boolean;
    folder?: string;
  }) => {
    const { focused, said, level = "all", folder, ...rest } = options;
    const teller = createEventTeller({
      ...rest,
      claim: claims(folder),
      level: () => level,
      now: () => NOW,
      user: () => "ada",
      reservations: () => [aReservation()],
      isFocused: () => focused,
      show: ({ text }) => said.push(text),
      waits: { settleMs: 5, unfocusedMs: 150 },
    });
    windows.push(teller);
    return teller;
  };

  it("an event belongs to one of many that want it at once, and to nobody a second time", async () => {
    const all = Array.from({ length: 8 }, () => claims());
    const got = await Promise.all(all.map((claim) => claim("17/a")));
    assert.equal(got.filter(Boolean).length, 1);
    assert.deepEqual(await Promise.all(all.map((claim) => claim("17/a"))), Array(8).fill(false));
    assert.equal(await claims()("18"), true);
  });

  it("an event that cannot be claimed is told rather than lost, once a window", async () => {
    await writeFile(join(dir.path, "file"), "");
    const claim = claims(join(dir.path, "file", "folder"));
    assert.equal(await claim("1"), true);
    assert.equal(await claim("1"), false);
  });

  it("what is older than a day is swept", async () => {
    await claims()("old");
    const dayAgo = new Date(NOW.getTime() - 25 * 3_600_000);
    await utimes(join(dir.path, "old"), dayAgo, dayAgo);
    await claims()("fresh");
    assert.deepEqual(await readdir(dir.path), ["fresh"]);
  });

  it("the focused one, of three", async () => {
    const [front, back] = [[] as string[], [] as string[]];
    const all = [
      openWindow({ focused: false, said: back }),
      openWindow({ focused: true, said: front }),
      openWindow({ focused: false, said: back }),
    ];
    for (const one of all) one.hear(ready("1"));
    await waitFor(() => front.length, { describe: "the focused window to tell" });
    // The others have asked for the next one only after this one was settled.
    const lonely: string[] = [];
    openWindow({ focused: false, said: lonely }).hear(ready("2"));
    await waitFor(() => lonely.length, { describe: "an unfocused window to tell the next" });
    assert.deepEqual([front, back], [["demo is ready: 2 x h100."], []]);
  });

  it("one of them where none is focused", async () => {
    const said: string[] = [];
    for (let i = 0; i < 3; i += 1) openWindow({ focused: false, said }).hear(ready("1"));
    await waitFor(() => said.length, { describe: "a window to tell" });
    const next: string[] = [];
    openWindow({ focused: false, said: next }).hear(ready("2"));
    await waitFor(() => next.length, { describe: "the next event" });
    assert.deepEqual(said, ["demo is ready: 2 x h100."]);
  });

  it("all that came late in one message", async () => {
    const said: string[] = [];
    const one = openWindow({ focused: true, said });
    for (const id of ["1", "2", "3"]) one.hear(ready(id, iso(-30)));
    one.hear(ready("4"));
    await waitFor(() => said.length === 2, { describe: "both messages" });
    assert.deepEqual(said.sort(), [
      "While you were away: demo is ready.",
      "demo is ready: 2 x h100.",
    ]);
  });

  it("nobody after it was disposed, where it is switched off, or told otherwise", async () => {
    const said: string[] = [];
    const gone = openWindow({ focused: true, said });
    gone.hear(ready("1"));
    gone.dispose();
    openWindow({ focused: true, said, level: "none" }).hear(ready("2"));
    openWindow({ focused: true, said, isToldHere: () => true }).hear(ready("3"));
    openWindow({ focused: false, said }).hear(ready("3"));
    openWindow({ focused: false, said }).hear(ready("4"));
    await waitFor(() => said.length, { describe: "event 4" });
    assert.equal(said.length, 1);
    const left = await readdir(dir.path);
    assert.deepEqual(left.sort(), ["3", "4"]);
  });
});
