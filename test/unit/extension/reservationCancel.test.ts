import assert from "node:assert/strict";
import { localTime } from "@gpu-dev/client/text/times.ts";
import {
  cancelledText,
  cancelQuestion,
  isCancellable,
  whyNotCancellable,
} from "../../../extension/src/reservation/cancelText.ts";
import { aReservation, iso, NOW } from "./treeFixtures.ts";

const withDisk = { disk: "work" };

describe("cancelling a reservation", () => {
  it("asks for confirmation and says what happens to the sessions and the disk", () => {
    assert.deepEqual(cancelQuestion(aReservation({ spec: withDisk })), {
      title: "Cancel demo?",
      detail: "Open sessions will be closed. Its disk work is kept, with all files.",
      button: "Cancel Reservation",
    });
    const { detail } = cancelQuestion(aReservation());
    assert.match(detail, /files in its workspace are deleted/);
  });

  it("does not mention sessions before the server is ready", () => {
    const { detail } = cancelQuestion(aReservation({ state: "starting", spec: withDisk }));
    assert.equal(detail, "Its disk work is kept, with all files.");
  });

  it("asks about leaving the queue while queued, with the place that is lost", () => {
    const waiting = { position: 2, ahead: 1, reason: "All are taken." };
    assert.deepEqual(cancelQuestion(aReservation({ state: "queued", waiting })), {
      title: "Remove demo from the queue?",
      detail: "It loses its 2nd place in line.",
      button: "Leave Queue",
    });
    const { detail } = cancelQuestion(aReservation({ state: "queued", spec: withDisk }));
    assert.equal(detail, "It loses its place in line. Its disk work is kept, with all files.");
  });

  it("explains why an ended or ending reservation cannot be cancelled", () => {
    const ended = aReservation({
      state: "failed",
      endedAt: iso(-5),
      endDetail: "The node was lost.",
    });
    const sentence = `demo ended at ${localTime(iso(-5), NOW)}: The node was lost.`;
    assert.equal(whyNotCancellable(ended, NOW), sentence);
    assert.match(
      whyNotCancellable(aReservation({ state: "stopping", spec: withDisk }), NOW) ?? "",
      /^demo is already ending\. Its disk work is kept/,
    );
    assert.equal(isCancellable(aReservation({ cancelRequestedAt: iso(-1) })), false);
    for (const state of ["queued", "starting", "ready"] as const) {
      assert.equal(whyNotCancellable(aReservation({ state }), NOW), undefined);
    }
  });

  it("reports the result", () => {
    const after = (state: "stopping" | "ended") => aReservation({ state, spec: withDisk });
    const before = aReservation({ spec: withDisk });
    assert.match(cancelledText(before, after("stopping")), /^demo is ending\. Its disk/);
    assert.match(cancelledText(before, after("ended")), /^demo has ended\. Its disk work is kept/);
    const queued = aReservation({ state: "queued" });
    assert.equal(cancelledText(queued, after("ended")), "demo has left the queue.");
  });
});
