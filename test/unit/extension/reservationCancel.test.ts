import assert from "node:assert/strict";
import { localTime } from "@gpu-dev/client/text/times.ts";
import {
  cancelledSentence,
  cancelQuestion,
  isCancellable,
  whyNothingToCancel,
} from "../../../extension/src/reservation/cancelText.ts";
import { aReservation, iso, NOW } from "./treeFixtures.ts";

const withDisk = { disk: "work" };

describe("cancelling a reservation", () => {
  it("asks with what becomes of the sessions and of the disk", () => {
    assert.deepEqual(cancelQuestion(aReservation({ spec: withDisk })), {
      title: "Cancel demo?",
      detail: "Open sessions on it are closed. Its disk work is kept, with all files.",
      button: "Cancel Reservation",
    });
    const { detail } = cancelQuestion(aReservation());
    assert.match(detail, /files in its workspace are deleted/);
  });

  it("speaks of no sessions before there can be any", () => {
    const { detail } = cancelQuestion(aReservation({ state: "starting", spec: withDisk }));
    assert.equal(detail, "Its disk work is kept, with all files.");
  });

  it("calls it leaving the queue while it waits, with the place that is given up", () => {
    const waiting = { position: 2, ahead: 1, reason: "All are taken." };
    assert.deepEqual(cancelQuestion(aReservation({ state: "queued", waiting })), {
      title: "Leave the queue with demo?",
      detail: "Its 2nd place in line is given up.",
      button: "Leave the Queue",
    });
    const { detail } = cancelQuestion(aReservation({ state: "queued", spec: withDisk }));
    assert.equal(detail, "Its place in line is given up. Its disk work is kept, with all files.");
  });

  it("says so where there is nothing to cancel any more, and asks in no other state", () => {
    const over = aReservation({
      state: "failed",
      endedAt: iso(-5),
      endDetail: "The node was lost.",
    });
    const sentence = `demo is over since ${localTime(iso(-5), NOW)}: The node was lost.`;
    assert.equal(whyNothingToCancel(over, NOW), sentence);
    assert.match(
      whyNothingToCancel(aReservation({ state: "stopping", spec: withDisk }), NOW) ?? "",
      /^demo is ending already\. Its disk work is kept/,
    );
    assert.equal(isCancellable(aReservation({ cancelRequestedAt: iso(-1) })), false);
    for (const state of ["queued", "starting", "ready"] as const) {
      assert.equal(whyNothingToCancel(aReservation({ state }), NOW), null);
    }
  });

  it("tells what came of it", () => {
    const after = (state: "stopping" | "ended") => aReservation({ state, spec: withDisk });
    const before = aReservation({ spec: withDisk });
    assert.match(cancelledSentence(before, after("stopping")), /^demo is being ended\. Its disk/);
    assert.match(
      cancelledSentence(before, after("ended")),
      /^demo is over\. Its disk work is kept/,
    );
    const queued = aReservation({ state: "queued" });
    assert.equal(cancelledSentence(queued, after("ended")), "demo has left the queue.");
  });
});
