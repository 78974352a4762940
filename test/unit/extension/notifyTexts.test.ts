import assert from "node:assert/strict";
import fc from "fast-check";
import type { EventType } from "@gpu-dev/shared/api/events.ts";
import type { Event, Reservation } from "@gpu-dev/client/http/responses.ts";
import {
  awaySummary,
  isLate,
  isWanted,
  type Notification,
  toPlainText,
} from "../../../extension/src/notify/notification.ts";
import { notificationFor } from "../../../extension/src/notify/notificationFor.ts";
import { aReservation, iso, NOW } from "./treeFixtures.ts";

const anEvent = (type: EventType, data: Event["data"] = {}, more: Partial<Event> = {}): Event => ({
  id: "1",
  type,
  at: NOW.toISOString(),
  reservationId: aReservation().id,
  reservationName: "demo",
  message: "Something happened.",
  data,
  ...more,
});
const notify = (event: Event, reservation?: Reservation): Notification | undefined =>
  notificationFor({ event, reservation, user: "ada", now: NOW });
const titles = (notification: Notification | undefined) =>
  notification?.buttons.map(({ title }) => title) ?? [];

describe("the notification of an event", () => {
  it("ready: names server, node and end from the event, because the reservation may be read later", () => {
    const event = anEvent("reservation.ready", { node: "h100-0", expiresAt: iso(200) });
    const notification = notify(event, aReservation({ state: "starting" }));
    assert.deepEqual(notification, {
      severity: "info",
      text: "demo is ready: 2 x H100 on h100-0 until 15:20.",
      buttons: [
        {
          title: "Connect",
          command: "gpuDev.connect",
          target: { kind: "reservation", id: event.reservationId },
        },
        {
          title: "Open Terminal",
          command: "gpuDev.openTerminal",
          target: { kind: "reservation", id: event.reservationId },
        },
      ],
    });
    assert.equal(notify(event)?.text, "demo is ready on h100-0 until 15:20.");
  });

  it("warning: names the remaining time and the end, and offers to extend", () => {
    const event = anEvent("reservation.warning", { minutes: 15, expiresAt: iso(15) });
    const reservation = aReservation({ expiresAt: iso(15), extendableUntil: iso(600) });
    const notification = notify(event, reservation);
    assert.equal(notification?.text, "demo ends in 15 minutes, at 12:15.");
    assert.equal(notification.severity, "warning");
    assert.deepEqual(titles(notification), ["Extend…"]);
  });

  it("warning: does not offer an extension that would be refused", () => {
    const event = anEvent("reservation.warning", { minutes: 5, expiresAt: iso(5) });
    const notification = notify(
      event,
      aReservation({ expiresAt: iso(5), extendableUntil: iso(5) }),
    );
    assert.equal(
      notification?.text,
      "demo ends in 5 minutes, at 12:05. It cannot be extended any further.",
    );
    assert.deepEqual(titles(notification), []);
  });

  it("warning: is not shown if the end was moved, cancelled or has passed", () => {
    const event = anEvent("reservation.warning", { minutes: 15, expiresAt: iso(15) });
    assert.equal(notify(event, aReservation({ expiresAt: iso(75) })), undefined);
    const cancelled = aReservation({ expiresAt: iso(15), cancelRequestedAt: iso(0) });
    assert.equal(notify(event, cancelled), undefined);
    assert.equal(
      notify(anEvent("reservation.warning", { minutes: 5, expiresAt: iso(-1) })),
      undefined,
    );
  });

  it("expired: names the time and what happens to the disk", () => {
    const ended = aReservation({ state: "ended", spec: { disk: "work" } });
    const notification = notify(anEvent("reservation.ended", { reason: "expired" }), ended);
    assert.equal(
      notification?.text,
      "demo ended at 12:00: its lease expired. Its disk work is kept, with all files.",
    );
    assert.deepEqual(titles(notification), ["Show Details", "Reserve Again"]);
    assert.deepEqual(notification.buttons[1]?.target, {
      kind: "gpuType",
      gpuType: "h100",
      gpus: 2,
    });
  });

  it("failed: quotes the server", () => {
    const failed = aReservation({ state: "failed", endDetail: "Node h100-0 was lost" });
    const notification = notify(anEvent("reservation.failed", { reason: "node-lost" }), failed);
    assert.equal(notification?.text, "demo failed: Node h100-0 was lost.");
    assert.equal(notification.severity, "error");
    const early = notify(anEvent("reservation.failed", {}, { message: "The start failed." }));
    assert.equal(early?.text, "demo failed: The start failed.");
  });

  it("cancelled: notifies only if another user cancelled", () => {
    assert.equal(notify(anEvent("reservation.ended", { reason: "cancelled" })), undefined);
    assert.equal(notify(anEvent("reservation.cancel-requested", { by: "ada" })), undefined);
    const message = "bob (operator) cancelled it.";
    const event = anEvent("reservation.cancel-requested", { by: "bob" }, { message });
    assert.equal(notify(event)?.text, "demo is about to end: bob (operator) cancelled it.");
  });

  it("problem: names the cause", () => {
    const message = "Its container was killed (out of memory). It was restarted.";
    const restarted = notify(anEvent("reservation.restarted", {}, { message }));
    assert.equal(restarted?.text, `demo: ${message}`);
    assert.deepEqual(titles(restarted), ["Show Logs", "Show Details"]);
    const requeued = notify(
      anEvent("reservation.requeued", {}, { message: "Rescheduled: node n was lost." }),
    );
    assert.equal(requeued?.text, "demo is queued again: Rescheduled: node n was lost.");
  });

  it("ended reservation: only its end is shown", () => {
    const ended = aReservation({ state: "ended" });
    for (const type of ["reservation.ready", "reservation.requeued"] as const) {
      assert.notEqual(notify(anEvent(type)), undefined);
      assert.equal(notify(anEvent(type), ended), undefined);
    }
  });

  it("other events: show nothing", () => {
    for (const type of ["reservation.phase", "reservation.queued", "disk.released"] as const) {
      assert.equal(notify(anEvent(type)), undefined);
    }
  });
});

describe("the text of a notification", () => {
  it("contains no link, which could run a command, and no second line", () => {
    const nasty = fc.stringMatching(/^(?:[[\]() \n\t]|command:x|https:\/\/y|\u202e|\u200b){0,40}$/);
    fc.assert(
      fc.property(nasty, (message) => {
        const text = notify(anEvent("reservation.restarted", {}, { message }))?.text ?? "";
        assert.doesNotMatch(text, /\]\(|[\n\t\u202e\u200b]/);
      }),
    );
    assert.equal(toPlainText("see [here](command:evil)"), "see [here] (command:evil)");
    assert.equal(toPlainText("a]\u200b(b"), "a] (b");
  });

  it("is truncated after 400 characters", () => {
    assert.equal(toPlainText("x".repeat(1_000)).length, 400);
  });
});

describe("the setting for notifications", () => {
  it("selects all, only unexpected ones, or none", () => {
    const of = (severity: Notification["severity"]) => ({ severity, text: "", buttons: [] });
    const wanted = (level: "all" | "warnings" | "none") =>
      (["info", "warning", "error"] as const).filter((severity) => isWanted(of(severity), level));
    assert.deepEqual(wanted("all"), ["info", "warning", "error"]);
    assert.deepEqual(wanted("warnings"), ["warning", "error"]);
    assert.deepEqual(wanted("none"), []);
  });
});

describe("late events", () => {
  it("are those older than ten minutes", () => {
    assert.equal(isLate(anEvent("reservation.ready", {}, { at: iso(-9) }), NOW), false);
    assert.equal(isLate(anEvent("reservation.ready", {}, { at: iso(-11) }), NOW), true);
  });

  it("are summarized in one notification from the current state", () => {
    const all = [
      aReservation({ id: "1", name: "up", expiresAt: iso(60) }),
      aReservation({ id: "2", name: "old", state: "ended", endReason: "expired" }),
      aReservation({ id: "3", name: "mine", state: "ended", endReason: "cancelled" }),
      aReservation({ id: "4", name: "untouched", state: "failed", endReason: "node-lost" }),
    ];
    const events = all
      .slice(0, 3)
      .map(({ id }) => anEvent("reservation.phase", {}, { reservationId: id }));
    const summary = awaySummary(events, all, NOW);
    assert.equal(
      summary?.text,
      "While you were away: up is ready until 13:00, old ended (lease expired).",
    );
    assert.equal(summary.severity, "info");
  });

  it("are named up to a limit and counted beyond; irrelevant ones show nothing", () => {
    const all = ["1", "2", "3", "4", "5", "6"].map((id) => aReservation({ id, name: `r${id}` }));
    const events = all.map(({ id }) => anEvent("reservation.ready", {}, { reservationId: id }));
    assert.equal(
      awaySummary(events, all, NOW)?.text,
      "While you were away: r1 is ready, r2 is ready, r3 is ready, r4 is ready and 2 more.",
    );
    const queued = all.map((each) => ({ ...each, state: "queued" as const }));
    assert.equal(awaySummary(events, queued, NOW), undefined);
  });
});
