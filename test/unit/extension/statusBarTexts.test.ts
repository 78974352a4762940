import assert from "node:assert/strict";
import fc from "fast-check";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { createEmitter } from "../../../extension/src/core/emitter.ts";
import { autoRefresh } from "../../../extension/src/live/autoRefresh.ts";
import type { Live } from "../../../extension/src/live/live.ts";
import type { LiveChange } from "../../../extension/src/live/stateKeeper.ts";
import { locationFrom } from "../../../extension/src/connect/remoteWindow.ts";
import { reservationAt, statusBarFor } from "../../../extension/src/statusBar/statusBarFor.ts";
import { waitFor } from "../../support/waitFor.ts";
import { aReservation, aState, iso, minutesFrom, NOW } from "./treeFixtures.ts";

const NOWHERE = { host: undefined, reservationId: undefined };
const ON_DEMO = { host: "gpu-dev-demo", reservationId: undefined };
const show = (location: typeof NOWHERE | typeof ON_DEMO, ...reservations: Reservation[]) =>
  statusBarFor({ state: aState({ reservations }), location, now: NOW });

describe("the status bar of a window on a GPU server", () => {
  it("counts down, and extends on a click", () => {
    const content = show(ON_DEMO, aReservation({ expiresAt: iso(312) }));
    assert.deepEqual(content, {
      text: "$(vm-running) demo 5 h 12 min",
      tooltip: "demo (2 x H100) ends at 17:12. Click to extend.",
      spoken: "demo: 5 h 12 min left, ends at 17:12",
      background: undefined,
      command: "gpuDev.extend",
      target: { kind: "reservation", id: aReservation().id },
    });
  });

  it("warns in the last 30 minutes and strongly in the last 5, with another icon", () => {
    const at = (minutes: number) => show(ON_DEMO, aReservation({ expiresAt: iso(minutes) }));
    assert.deepEqual(
      [31, 30, 6, 5, 1].map((minutes) => at(minutes)?.background),
      [undefined, "warning", "warning", "error", "error"],
    );
    assert.equal(at(30)?.text, "$(watch) demo 30 min");
  });

  it("shows that it is ending after the lease expired or it was cancelled", () => {
    const late = show(ON_DEMO, aReservation({ expiresAt: iso(-1) }));
    assert.equal(late?.text, "$(loading~spin) demo is ending");
    const cancelled = aReservation({ expiresAt: iso(60), cancelRequestedAt: iso(0) });
    assert.equal(show(ON_DEMO, cancelled)?.text, late.text);
    const stopping = aReservation({
      state: "stopping",
      phase: "saving-disk",
      spec: { disk: "work" },
    });
    assert.equal(
      show(ON_DEMO, stopping)?.tooltip,
      "demo is ending: releasing the disk. Its disk work is kept, with all files.",
    );
  });

  it("shows that it has ended, when and why", () => {
    const ended = aReservation({
      state: "failed",
      endReason: "node-lost",
      endDetail: "Node h100-0 was lost",
      endedAt: iso(-30),
      spec: { disk: "work" },
    });
    const content = show(ON_DEMO, ended);
    assert.equal(content?.text, "$(circle-slash) demo has ended");
    assert.equal(
      content.tooltip,
      "demo ended at 11:30. Node h100-0 was lost. Its disk work is kept, with all files.",
    );
    assert.equal(content.background, "error");
    assert.equal(content.command, "gpuDev.showDetails");
  });

  it("shows that it is starting or queued again", () => {
    const starting = aReservation({ state: "starting", phase: "booting" });
    assert.equal(show(ON_DEMO, starting)?.text, "$(sync~spin) demo is starting");
    assert.equal(show(ON_DEMO, aReservation({ state: "queued" }))?.text, "$(clock) demo is queued");
  });

  it("keeps counting down while the server is unavailable, and says so", () => {
    const contact = { kind: "lost", since: NOW, error: new Error("unavailable") } as const;
    const state = aState({
      contact,
      asOf: minutesFrom(-3),
      reservations: [aReservation({ expiresAt: iso(60) })],
    });
    const content = statusBarFor({ state, location: ON_DEMO, now: minutesFrom(1) });
    assert.equal(content?.text, "$(vm-running) demo 59 min");
    assert.match(content.tooltip, / Server not responding, as of 11:57\.$/);
  });
});

describe("the reservation of a window", () => {
  it("is the one whose pod it runs in, whatever the host name", () => {
    const all = [aReservation({ id: "1" }), aReservation({ id: "2", name: "other" })];
    const here = { host: "gpu-dev-demo", reservationId: "2" };
    assert.equal(reservationAt(all, here, "gpu-dev")?.name, "other");
    assert.equal(reservationAt(all, { ...here, reservationId: "3" }, "gpu-dev"), undefined);
  });

  it("is the live one of that name, otherwise the one created last", () => {
    const older = aReservation({ id: "1", state: "ended", createdAt: iso(-300) });
    const newer = aReservation({ id: "2", state: "ended", createdAt: iso(-200) });
    const live = aReservation({ id: "3", createdAt: iso(-400) });
    assert.equal(reservationAt([older, newer, live], ON_DEMO, "gpu-dev")?.id, "3");
    assert.equal(reservationAt([older, newer], ON_DEMO, "gpu-dev")?.id, "2");
  });

  it("is found only under the prefix of the deployment", () => {
    const host = "gpu-dev-lab-demo";
    const here = { host, reservationId: undefined };
    assert.equal(reservationAt([aReservation()], here, "gpu-dev-lab")?.name, "demo");
    assert.equal(reservationAt([aReservation()], here, "gpu-dev"), undefined);
  });

  it("is read from both forms of the remote authority, and from the pod", () => {
    const hex = Buffer.from(JSON.stringify({ hostName: "gpu-dev-demo" })).toString("hex");
    for (const authority of ["ssh-remote+gpu-dev-demo", `ssh-remote+${hex}`]) {
      const location = locationFrom({
        authorities: ["wsl+x", authority],
        reservationId: undefined,
      });
      assert.deepEqual(location, ON_DEMO);
    }
    assert.deepEqual(locationFrom({ authorities: [], reservationId: "5" }), {
      host: undefined,
      reservationId: "5",
    });
  });
});

describe("the status bar of any other window", () => {
  it("counts active servers and names the next end", () => {
    const content = show(
      NOWHERE,
      aReservation({ id: "1", expiresAt: iso(90) }),
      aReservation({ id: "2", name: "train", expiresAt: iso(12) }),
      aReservation({ id: "3", state: "queued" }),
    );
    assert.equal(content?.text, "$(vm) 2 GPU servers, next ends in 12 min");
    assert.equal(content.tooltip, "2 GPU servers active: demo, train. Click to show them.");
    assert.equal(content.command, "gpuDev.reservations.focus");
    assert.equal(content.background, undefined);
  });

  it("is the same on any other host", () => {
    const other = { host: "gpu-dev-unknown", reservationId: undefined };
    const content = statusBarFor({
      state: aState({ reservations: [aReservation({ expiresAt: iso(4) })] }),
      location: other,
      now: NOW,
    });
    assert.equal(content?.text, "$(vm) 1 GPU server, ends in 4 min");
    assert.equal(content.background, "warning");
  });

  it("shows nothing without a ready server or before the first read", () => {
    assert.equal(show(NOWHERE, aReservation({ state: "starting" })), undefined);
    const state = aState({ reservations: undefined });
    assert.equal(statusBarFor({ state, location: ON_DEMO, now: NOW }), undefined);
  });

  it("never shows a negative time or a missing value", () => {
    const minutes = fc.array(fc.option(fc.integer({ min: -100, max: 3_000 }), { nil: undefined }), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(minutes, (ends) => {
        const all = ends.map((end, index) =>
          aReservation({ id: String(index), expiresAt: end === undefined ? undefined : iso(end) }),
        );
        for (const location of [NOWHERE, ON_DEMO]) {
          const { text, tooltip, spoken } = show(location, ...all) ?? {
            text: "",
            tooltip: "",
            spoken: "",
          };
          assert.doesNotMatch(`${text} ${tooltip} ${spoken}`, / -\d|undefined|undefined|NaN/);
        }
      }),
    );
  });
});

describe("autoRefresh", () => {
  it("draws initially, after a change and as time passes, but not after disposal", async () => {
    const changes = createEmitter<LiveChange>();
    // The countdown moves in steps of ten seconds; the next step is 30 ms away.
    const end = new Date(NOW.getTime() + 50_530);
    const state = aState({ reservations: [aReservation({ expiresAt: end.toISOString() })] });
    const live: Pick<Live, "state" | "onDidChange"> = {
      state,
      onDidChange: (listener) => changes.on(listener),
    };
    let drawings = 0;
    const drawing = autoRefresh({ live, now: () => NOW, draw: () => (drawings += 1) });
    assert.equal(drawings, 1);
    changes.fire({ reservations: "all", availability: false, disks: false, contact: false });
    assert.equal(drawings, 2);
    await waitFor(() => drawings > 3, { describe: "draws by the clock" });
    drawing.dispose();
    const last = drawings;
    changes.fire({ reservations: "all", availability: false, disks: false, contact: false });
    assert.equal(drawings, last);
  });
});
