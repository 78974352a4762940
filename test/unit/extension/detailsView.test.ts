import assert from "node:assert/strict";
import fc from "fast-check";
import type { Reservation } from "@gpu-dev/client/http/responses.ts";
import { localTime } from "@gpu-dev/client/text/times.ts";
import { detailsPage, messagePage } from "../../../extension/src/details/detailsPage.ts";
import { html } from "../../../extension/src/details/html.ts";
import { shellHtml } from "../../../extension/src/details/shell.ts";
import { stepsOf } from "../../../extension/src/details/steps.ts";
import { aMember, aReservation, iso, NOW } from "./treeFixtures.ts";

const connection = {
  host: "gpu-dev-demo",
  command: "ssh gpu-dev-demo",
  workspacePath: "/workspace",
};
const active = aReservation({
  placedAt: iso(-59),
  readyAt: iso(-50),
  expiresAt: iso(50),
  spec: { disk: "work" },
  members: [aMember("h100-0", 2)],
});
const page = (reservation: Reservation, contact?: string) =>
  detailsPage(
    { reservation, events: [], hasMore: false, connection },
    { now: NOW, asOf: NOW, contact },
  );
const commandsOf = (reservation: Reservation) =>
  page(reservation).actions.map(({ command }) => command.replace("gpuDev.", ""));
const drawnSteps = (reservation: Reservation) =>
  stepsOf(reservation, NOW).map(({ label, state, text }) => `${label} | ${state} | ${text}`);

describe("the details view of a reservation", () => {
  it("inserts every text as text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        const { html: shown } = html`<p title="${text}">${text}</p>`;
        const [, attribute, content] = /^<p title="([^"]*)">([^<]*)<\/p>$/s.exec(shown) ?? [];
        assert.equal(decode(attribute), text);
        assert.equal(decode(content), text);
      }),
    );
  });

  it("S5: shows hostile names, labels, reasons and events without an element of theirs", () => {
    const hostile = `"><img src=x onerror=alert(1)><script>alert(1)</script>'`;
    const { body } = detailsPage(
      {
        reservation: aReservation({
          name: hostile,
          state: "failed",
          endDetail: hostile,
          owner: { ...active.owner, name: hostile },
          spec: { gpuType: hostile, disk: hostile, image: hostile, labels: { [hostile]: hostile } },
          members: [{ ...aMember(hostile, 1), podName: hostile }],
        }),
        events: [
          {
            id: hostile,
            type: "reservation.failed",
            at: iso(-1),
            reservationId: active.id,
            reservationName: hostile,
            message: hostile,
            data: {},
          },
        ],
        hasMore: false,
        connection: { host: hostile, command: hostile, workspacePath: hostile },
      },
      { now: NOW, asOf: NOW, contact: hostile },
    );
    assert.doesNotMatch(body.html, /<img|<script|"><|onerror=alert\(1\)>/);
    assert.ok(body.html.includes("&#60;script&#62;"));
    assert.doesNotMatch(messagePage(hostile, hostile).body.html, /<img|<script/);
  });

  it("allows nothing but the one style and the one script of its page", () => {
    const shell = shellHtml({ title: "<b>", nonce: "abc", script: "run()", style: "p {}" });
    const [, policy] = /http-equiv="Content-Security-Policy"\s+content="([^"]*)"/.exec(shell) ?? [];
    assert.equal(
      decode(policy),
      "default-src 'none'; style-src 'nonce-abc'; script-src 'nonce-abc'",
    );
    assert.match(shell, /<style nonce="abc">[^<]*p \{\}/);
    assert.match(shell, /<script nonce="abc">[^<]*run\(\)/);
    assert.match(shell, /<title>&#60;b&#62;<\/title>/);
  });

  it("offers what can be done in each state", () => {
    const text = "showDetailsText";
    assert.deepEqual(commandsOf(active), [
      "connect",
      "openTerminal",
      "copySshCommand",
      "extend",
      "cancel",
      "showLogs",
      text,
    ]);
    assert.deepEqual(commandsOf(aReservation({ state: "queued" })), ["cancel", text]);
    assert.deepEqual(commandsOf(aReservation({ state: "starting" })), [
      "extend",
      "cancel",
      "showLogs",
      text,
    ]);
    assert.deepEqual(commandsOf(aReservation({ state: "stopping" })), ["showLogs", text]);
    const ended = aReservation({ state: "ended", endReason: "cancelled" });
    assert.deepEqual(commandsOf(ended), ["reserve", text]);
    assert.deepEqual(page(ended).actions[0]?.target, {
      kind: "gpuType",
      gpuType: "h100",
      gpus: 2,
    });
    assert.deepEqual(commandsOf({ ...active, cancelRequestedAt: iso(-1) }), ["showLogs", text]);
  });

  it("announces the state without the countdown", () => {
    const { html: shown } = page(active).body;
    const [, status] = /role="status"[^>]*>([^<]*)</.exec(shown) ?? [];
    assert.equal(status?.trim(), "Active");
    assert.match(shown, /50 min left, ends at/);
  });

  it("keeps its content and shows its age while the server does not respond", () => {
    const { html: shown } = page(active, "Server not responding, as of 11:02.").body;
    assert.match(shown, /role="alert"[^>]*>\s*Server not responding, as of 11:02\./);
    assert.match(shown, /ssh gpu-dev-demo/);
  });

  it("draws the phases from the request to the end", () => {
    const at = (minutes: number) => localTime(iso(minutes), NOW);
    assert.deepEqual(drawnSteps(active), [
      `Queued | done | requested ${at(-60)}, took 1 min`,
      "Starting | done | took 9 min",
      `Active | current | since ${at(-50)}`,
      `End | upcoming | ${at(50)}`,
    ]);
    assert.equal(stepsOf(active, NOW)[2]?.progress, 0.5);
    const waiting = { position: 2, ahead: 1, reason: "Needs 2 H100." };
    assert.deepEqual(drawnSteps(aReservation({ state: "queued", waiting })), [
      `Queued | current | 2nd in line, requested ${at(-60)}`,
      "Starting | upcoming | ",
      "Active | upcoming | for 4 h",
      "End | upcoming | ",
    ]);
  });

  it("draws the smaller phases of a start, and leaves out what an early end left out", () => {
    const starting = aReservation({ state: "starting", placedAt: iso(-1), phase: "pulling" });
    assert.deepEqual(stepsOf(starting, NOW)[1]?.phases, [
      { label: "Choosing a node", state: "done" },
      { label: "Attaching the disk", state: "done" },
      { label: "Pulling the image", state: "current" },
      { label: "Booting", state: "upcoming" },
    ]);
    const end = { endedAt: iso(0), endReason: "cancelled" } as const;
    assert.deepEqual(
      stepsOf(aReservation({ state: "ended", ...end }), NOW).map(({ label }) => label),
      ["Queued", "Ended"],
    );
    const failed = {
      state: "failed",
      placedAt: iso(-2),
      ...end,
      endReason: "start-failed",
    } as const;
    assert.deepEqual(drawnSteps(aReservation(failed)).slice(1), [
      "Starting | failed | took 2 min",
      `Failed | failed | could not start ${localTime(iso(0), NOW)}`,
    ]);
  });
});

function decode(text = ""): string {
  return text.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
}
