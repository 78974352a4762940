import assert from "node:assert/strict";
import fc from "fast-check";
import type { Event, EventType } from "@gpu-dev/shared/api/events.ts";
import type { Reservation } from "@gpu-dev/shared/api/reservation.ts";
import { awaySummary, isLate } from "../../../extension/src/notify/awaySummary.ts";
import {
  isWanted,
  type Notification,
  plainText,
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
const told = (event: Event, reservation?: Reservation): Notification | null =>
  notificationFor({ event, reservation, user: "ada", now: NOW });
const titles = (notification: Notification | null) =>
  notification?.buttons.map(({ title }) => title) ?? [];

describe("what is told of an event", () => {
  it("ready: what, where and until when, by the event, as the reservation may be read later", () => {
    const event = anEvent("reservation.ready", { node: "h100-0", expiresAt: iso(200) });
    const notification = told(event, aReservation({ state: "starting" }));
    assert.deepEqual(notification, {
      severity: "info",
      text: "demo is ready: 2 x h100 on h100-0 until 15:20.",
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
    assert.equal(told(event)?.text, "demo is ready on h100-0 until 15:20.");
  });

  it("a warning: how long, until when, and Extend", () => {
    const event = anEvent("reservation.warning", { minutes: 15, expiresAt: iso(15) });
    const reservation = aReservation({ expiresAt: iso(15), extendableUntil: iso(600) });
    const notification = told(event, reservation);
    assert.equal(notification?.text, "demo ends in 15 minutes, at 12:15.");
    assert.equal(notification.severity, "warning");
    assert.deepEqual(titles(notification), ["Extend…"]);
  });

  it("a warning offers no extension that would be refused", () => {
    const event = anEvent("reservation.warning", { minutes: 5, expiresAt: iso(5) });
    const notification = told(event, aReservation({ expiresAt: iso(5), extendableUntil: iso(5) }));
    assert.equal(
      notification?.text,
      "demo ends in 5 minutes, at 12:05. It cannot be extended any further.",
    );
    assert.deepEqual(titles(notification), []);
  });

  it("no warning of an end that was moved, cancelled or is past", () => {
    const event = anEvent("reservation.warning", { minutes: 15, expiresAt: iso(15) });
    assert.equal(told(event, aReservation({ expiresAt: iso(75) })), null);
    const cancelled = aReservation({ expiresAt: iso(15), cancelRequestedAt: iso(0) });
    assert.equal(told(event, cancelled), null);
    assert.equal(told(anEvent("reservation.warning", { minutes: 5, expiresAt: iso(-1) })), null);
  });

  it("the planned end: when, and what becomes of the disk", () => {
    const ended = aReservation({ state: "ended", spec: { disk: "work" } });
    const notification = told(anEvent("reservation.ended", { reason: "expired" }), ended);
    assert.equal(
      notification?.text,
      "demo ended at 12:00: its time was up. Its disk work is kept, with all files.",
    );
    assert.deepEqual(titles(notification), ["Show Details", "Reserve Again"]);
    assert.deepEqual(notification.buttons[1]?.target, {
      kind: "gpuType",
      gpuType: "h100",
      gpus: 2,
    });
  });

  it("a failure: in the server's words", () => {
    const failed = aReservation({ state: "failed", endDetail: "Node h100-0 was lost" });
    const notification = told(anEvent("reservation.failed", { reason: "node-lost" }), failed);
    assert.equal(notification?.text, "demo failed: Node h100-0 was lost.");
    assert.equal(notification.severity, "error");
    const early = told(anEvent("reservation.failed", {}, { message: "It is over." }));
    assert.equal(early?.text, "demo failed: It is over.");
  });

  it("nothing of one's own wish, but of somebody else's", () => {
    assert.equal(told(anEvent("reservation.ended", { reason: "cancelled" })), null);
    assert.equal(told(anEvent("reservation.cancel-requested", { by: "ada" })), null);
    const message = "bob (operator) cancelled it.";
    const event = anEvent("reservation.cancel-requested", { by: "bob" }, { message });
    assert.equal(told(event)?.text, "demo is about to end: bob (operator) cancelled it.");
  });

  it("trouble on the way, with its cause", () => {
    const message = "Its container was killed (out of memory). It was restarted.";
    const restarted = told(anEvent("reservation.restarted", {}, { message }));
    assert.equal(restarted?.text, `demo: ${message}`);
    assert.deepEqual(titles(restarted), ["Show Logs", "Show Details"]);
    const requeued = told(
      anEvent("reservation.requeued", {}, { message: "It is placed anew: node n was lost." }),
    );
    assert.equal(requeued?.text, "demo is waiting again: It is placed anew: node n was lost.");
  });

  it("of what is over, only the end", () => {
    const over = aReservation({ state: "ended" });
    for (const type of ["reservation.ready", "reservation.requeued"] as const) {
      assert.notEqual(told(anEvent(type)), null);
      assert.equal(told(anEvent(type), over), null);
    }
  });

  it("nothing of the steps between", () => {
    for (const type of ["reservation.phase", "reservation.queued", "disk.released"] as const) {
      assert.equal(told(anEvent(type)), null);
    }
  });
});

describe("the text of a notification", () => {
  it("never has a link, which could run a command, nor a second line", () => {
    const nasty = fc.stringMatching(/^(?:[[\]() \n\t]|command:x|https:\/\/y|\u202e|\u200b){0,40}$/);
    fc.assert(
      fc.property(nasty, (message) => {
        const text = told(anEvent("reservation.restarted", {}, { message }))?.text ?? "";
        assert.doesNotMatch(text, /\]\(|[\n\t\u202e\u200b]/);
      }),
    );
    assert.equal(plainText("see [here](command:evil)"), "see [here] (command:evil)");
    assert.equal(plainText("a]\u200b(b"), "a] (b");
  });

  it("is cut where it is very long", () => {
    assert.equal(plainText("x".repeat(1_000)).length, 400);
  });
});

describe("the setting for notifications", () => {
  it("all, only what did not go as planned, or none", () => {
    const of = (severity: Notification["severity"]) => ({ severity, text: "", buttons: [] });
    const wanted = (level: "all" | "warnings" | "none") =>
      (["info", "warning", "error"] as const).filter((severity) => isWanted(of(severity), level));
    assert.deepEqual(wanted("all"), ["info", "warning", "error"]);
    assert.deepEqual(wanted("warnings"), ["warning", "error"]);
    assert.deepEqual(wanted("none"), []);
  });
});

describe("what came while nobody was there", () => {
  it("is what is older than ten minutes", () => {
    assert.equal(isLate(anEvent("reservation.ready", {}, { at: iso(-9) }), NOW), false);
    assert.equal(isLate(anEvent("reservation.ready", {}, { at: iso(-11) }), NOW), true);
  });

  it("is told in one message, by how things stand now", () => {
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

  it("names a few and counts the rest; says nothing where there is nothing to say", () => {
    const all = ["1", "2", "3", "4", "5", "6"].map((id) => aReservation({ id, name: `r${id}` }));
    const events = all.map(({ id }) => anEvent("reservation.ready", {}, { reservationId: id }));
    assert.equal(
      awaySummary(events, all, NOW)?.text,
      "While you were away: r1 is ready, r2 is ready, r3 is ready, r4 is ready and 2 more.",
    );
    const queued = all.map((one) => ({ ...one, state: "queued" as const }));
    assert.equal(awaySummary(events, queued, NOW), null);
  });
});
