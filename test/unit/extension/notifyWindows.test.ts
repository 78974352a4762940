import assert from "node:assert/strict";
import { readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Event } from "@gpu-dev/client/http/responses.ts";
import { createEventClaims } from "../../../extension/src/notify/eventClaims.ts";
import { createNotificationDispatcher } from "../../../extension/src/notify/notificationDispatcher.ts";
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

describe("the window that shows a notification", () => {
  let dir: TempDir;
  const windows: { dispose(): void }[] = [];
  beforeEach(async () => {
    dir = await makeTempDir("claims");
  });
  afterEach(async () => {
    for (const window of windows.splice(0)) window.dispose();
    await dir.remove();
  });

  const claims = (folder = dir.path) => createEventClaims({ folder, now: () => NOW });
  const openWindow = (options: {
    focused: boolean;
    shown: string[];
    level?: "all" | "none";
    isShownElsewhere?: () => boolean;
    folder?: string;
  }) => {
    const { focused, shown, level = "all", folder, ...rest } = options;
    const dispatcher = createNotificationDispatcher({
      ...rest,
      claim: claims(folder),
      level: () => level,
      now: () => NOW,
      user: () => "ada",
      reservations: () => [aReservation()],
      isFocused: () => focused,
      show: ({ text }) => shown.push(text),
      delays: { settleMs: 5, unfocusedMs: 150 },
    });
    windows.push(dispatcher);
    return dispatcher;
  };

  it("is the only one of many whose claim succeeds, and a claim never succeeds twice", async () => {
    const all = Array.from({ length: 8 }, () => claims());
    const got = await Promise.all(all.map((claim) => claim("17/a")));
    assert.equal(got.filter(Boolean).length, 1);
    assert.deepEqual(await Promise.all(all.map((claim) => claim("17/a"))), Array(8).fill(false));
    assert.equal(await claims()("18"), true);
  });

  it("is every window, once, if claims cannot be stored", async () => {
    await writeFile(join(dir.path, "file"), "");
    const claim = claims(join(dir.path, "file", "folder"));
    assert.equal(await claim("1"), true);
    assert.equal(await claim("1"), false);
  });

  it("removes claims older than a day", async () => {
    await claims()("old");
    const dayAgo = new Date(NOW.getTime() - 25 * 3_600_000);
    await utimes(join(dir.path, "old"), dayAgo, dayAgo);
    await claims()("new");
    assert.deepEqual(await readdir(dir.path), ["new"]);
  });

  it("is the focused one of three", async () => {
    const [front, back] = [[] as string[], [] as string[]];
    const all = [
      openWindow({ focused: false, shown: back }),
      openWindow({ focused: true, shown: front }),
      openWindow({ focused: false, shown: back }),
    ];
    for (const window of all) window.onEvent(ready("1"));
    await waitFor(() => front.length, { describe: "the focused window to notify" });
    // The unfocused windows handle the next event only after this one.
    const unfocused: string[] = [];
    openWindow({ focused: false, shown: unfocused }).onEvent(ready("2"));
    await waitFor(() => unfocused.length, {
      describe: "an unfocused window to show the next event",
    });
    assert.deepEqual([front, back], [["demo is ready: 2 x H100."], []]);
  });

  it("is one of them if none is focused", async () => {
    const shown: string[] = [];
    for (let i = 0; i < 3; i += 1) openWindow({ focused: false, shown }).onEvent(ready("1"));
    await waitFor(() => shown.length, { describe: "a window to notify" });
    const next: string[] = [];
    openWindow({ focused: false, shown: next }).onEvent(ready("2"));
    await waitFor(() => next.length, { describe: "the next event" });
    assert.deepEqual(shown, ["demo is ready: 2 x H100."]);
  });

  it("shows late events as one summary", async () => {
    const shown: string[] = [];
    const window = openWindow({ focused: true, shown });
    for (const id of ["1", "2", "3"]) window.onEvent(ready(id, iso(-30)));
    window.onEvent(ready("4"));
    await waitFor(() => shown.length === 2, { describe: "both messages" });
    assert.deepEqual(shown.sort(), [
      "While you were away: demo is ready.",
      "demo is ready: 2 x H100.",
    ]);
  });

  it("is none after disposal, if notifications are off, or if the event is shown elsewhere", async () => {
    const shown: string[] = [];
    const disposed = openWindow({ focused: true, shown });
    disposed.onEvent(ready("1"));
    disposed.dispose();
    openWindow({ focused: true, shown, level: "none" }).onEvent(ready("2"));
    openWindow({ focused: true, shown, isShownElsewhere: () => true }).onEvent(ready("3"));
    openWindow({ focused: false, shown }).onEvent(ready("3"));
    openWindow({ focused: false, shown }).onEvent(ready("4"));
    await waitFor(() => shown.length, { describe: "event 4" });
    assert.equal(shown.length, 1);
    const claimed = await readdir(dir.path);
    assert.deepEqual(claimed.sort(), ["3", "4"]);
  });
});
