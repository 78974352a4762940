import assert from "node:assert/strict";
import { ConnectionError } from "@gpu-dev/client/http/apiErrors.ts";
import { availabilityNodes } from "../../../extension/src/tree/availabilityNodes.ts";
import { contactMessage } from "../../../extension/src/live/contactText.ts";
import { diskNodes } from "../../../extension/src/tree/diskNodes.ts";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import {
  aDisk,
  aMember,
  aReservation,
  aState,
  aType,
  drawn,
  iso,
  minutesFrom,
  NOW,
} from "./treeFixtures.ts";

const stateOf = (...types: ReturnType<typeof aType>[]) =>
  aState({ availability: { asOf: undefined, types } });

describe("the Availability view", () => {
  it("shows types, their nodes, and the users of each node, with own reservations by name", () => {
    const mine = aReservation({ expiresAt: iso(60), members: [aMember("h100-0", 1)] });
    const state = { ...stateOf(aType()), reservations: [mine] };
    assert.deepEqual(drawn(availabilityNodes(state)), [
      "H100 | 14 of 16 free",
      "  Starts now | 1 or 8 GPUs",
      "  h100-0 | ■■■■■■□□ 6 of 8 free",
      "    Free | 6 GPUs",
      "    demo | 1 GPU, yours",
      "    In use | 1 GPU",
      "  h100-1 | ■■■■■■■■ 8 of 8 free",
      "    Free | 8 GPUs",
    ]);
  });

  it("shows unavailable capacity, the queue, and the sizes that would be queued", () => {
    const type = aType({
      healthyGpus: 8,
      freeGpus: 3,
      queued: 2,
      sizes: [
        { gpus: 1, units: 1, starts: "now", ahead: 0, why: undefined },
        { gpus: 4, units: 4, starts: "queued", ahead: 0, why: "Needs 4 H100 on one node." },
        { gpus: 8, units: 8, starts: "queued", ahead: 0, why: "Needs 8 H100 on one node." },
      ],
      nodes: [
        { name: "h100-0", zone: "a", state: "ready", gpus: 8, free: 3 },
        { name: "h100-1", zone: "a", state: "cordoned", gpus: 8, free: 0 },
        { name: "h100-2", zone: "a", state: "not-ready", gpus: 0, free: 0 },
      ],
    });
    const [node] = availabilityNodes(stateOf(type));
    assert.deepEqual(drawn(node ? [node] : []), [
      "H100 | 3 of 8 free, 2 queued, 8 unavailable",
      "  Starts now | 1 GPU",
      "  Queued | 4 or 8 GPUs",
      "  h100-0 | ■■■□□□□□ 3 of 8 free",
      "    Free | 3 GPUs",
      "    In use | 5 GPUs",
      "  h100-1 | cordoned, 8 in total",
      "  h100-2 | not ready, 0 in total",
    ]);
    assert.match(node?.children[1]?.tooltip ?? "", /4 GPUs\\?: Needs 4 H100 on one node/);
  });

  it("shows free GPUs as queued with the server's reason while requests are queued", () => {
    const why = "1 request is ahead of yours.";
    const queued = { starts: "queued", ahead: 1, why } as const;
    const type = aType({
      queued: 1,
      sizes: [
        { gpus: 1, units: 1, ...queued },
        { gpus: 2, units: 2, ...queued },
      ],
      nodes: [],
    });
    const nodes = availabilityNodes(stateOf(type));
    assert.deepEqual(drawn(nodes), [
      "H100 | nothing starts now, 14 of 16 free, 1 queued",
      "  Starts now | nothing",
      "  Queued | 1 or 2 GPUs: 1 request is ahead of yours.",
    ]);
    assert.equal(nodes[0]?.icon.id, "circle-slash");
  });

  it("shows that nothing starts now and that there are no nodes", () => {
    const why = "Needs 1 H100 on one node. None is free.";
    const sizes = [{ gpus: 1, units: 1, starts: "queued", ahead: 0, why } as const];
    const full = aType({ freeGpus: 0, sizes, nodes: [] });
    assert.deepEqual(drawn(availabilityNodes(stateOf(full))), [
      "H100 | 0 of 16 free",
      "  Starts now | nothing",
      `  Queued | 1 GPU: ${why}`,
    ]);
    const none = aType({ totalGpus: 0, healthyGpus: 0, freeGpus: 0, queued: 1, nodes: [] });
    assert.equal(availabilityNodes(stateOf(none))[0]?.description, "no nodes, 1 queued");
  });

  it("draws free GPUs as squares, which screen readers hear as a count", () => {
    const node = { name: "n", zone: "a", state: "ready", gpus: 8, free: 3 } as const;
    const [type] = availabilityNodes(
      stateOf(aType({ nodes: [node, { ...node, name: "big", gpus: 16 }] })),
    );
    const nodes = type?.children.filter(({ kind }) => kind === "node") ?? [];
    assert.deepEqual(
      nodes.map(({ description }) => description),
      ["■■■□□□□□ 3 of 8 free", "3 of 16 free"],
    );
    assert.equal(nodes[0]?.spoken, "node n, GPUs: 3 of 8 free, zone a");
    assert.doesNotMatch(nodes[0].tooltip, /[■□]/);
  });

  it("counts slots for types without GPUs, in the server's units", () => {
    const cpu = aType({
      type: "cpu-x86",
      totalGpus: 4,
      healthyGpus: 4,
      freeGpus: 3,
      sizes: [{ gpus: 0, units: 1, starts: "now", ahead: 0, why: undefined }],
      nodes: [{ name: "cpu-0", zone: "a", state: "ready", gpus: 4, free: 3 }],
    });
    const mine = aReservation({ members: [aMember("cpu-0", 0)] });
    const state = { ...stateOf(cpu), reservations: [mine] };
    assert.deepEqual(drawn(availabilityNodes(state)), [
      "cpu-x86 | 3 of 4 free",
      "  Starts now | 1 slot",
      "  cpu-0 | ■■■□ 3 of 4 free",
      "    Free | 3 slots",
      "    demo | 1 slot, yours",
    ]);
  });

  it("distinguishes types that start now, are queued or are unhealthy without colour", () => {
    const why = "None is free.";
    const sizes = [{ gpus: 1, units: 1, starts: "queued", ahead: 0, why } as const];
    const icons = availabilityNodes(
      stateOf(aType(), aType({ sizes }), aType({ sizes, healthyGpus: 0, freeGpus: 0 })),
    ).map(({ icon }) => icon.id);
    assert.equal(new Set(icons).size, 3);
  });
});

describe("the Disks view", () => {
  it("shows the holder of a disk first, otherwise its size and zone", () => {
    const heldBy = {
      reservationId: "000000000000000a" as ReservationId,
      name: "demo",
      until: iso(200),
    };
    const disks = [
      aDisk({ id: "2", name: "work", heldBy }),
      aDisk({ id: "1", name: "data" }),
      aDisk({ id: "3", name: "zed", zone: undefined }),
    ];
    const nodes = diskNodes(aState({ disks }), NOW);
    assert.deepEqual(drawn(nodes), [
      "data | 100 GiB, us-east-2a",
      "work | used by demo until 15:20, 100 GiB, us-east-2a",
      "zed | 100 GiB, no zone yet",
    ]);
    assert.deepEqual(
      nodes.map(({ kind, icon }) => [kind, icon.id]),
      [
        ["disk.free", "database"],
        ["disk.held", "lock"],
        ["disk.free", "database"],
      ],
    );
    assert.match(nodes[0]?.tooltip ?? "", /Never used/);
    assert.doesNotMatch(nodes[1]?.tooltip ?? "", /used (on|at)|Never used/i);
  });
});

describe("the message above the rows", () => {
  const error = new ConnectionError("http://x", "connection refused", {
    next: "Check the URL.",
  });
  const lost = aState({
    contact: { kind: "lost", since: NOW, error },
    asOf: minutesFrom(-58),
  });

  it("shows the age of the data, and in one view that the extension retries", () => {
    assert.equal(
      contactMessage(lost, NOW, "why"),
      "Server not responding, as of 11:02. Retrying automatically.",
    );
    assert.equal(contactMessage(lost, NOW, "brief"), "Server not responding, as of 11:02.");
    assert.equal(
      contactMessage({ ...lost, asOf: undefined }, NOW, "brief"),
      "Server not responding.",
    );
  });

  it("includes the reason if the user can act on it: a URL that never worked, a refusal", () => {
    assert.equal(
      contactMessage({ ...lost, asOf: undefined }, NOW, "why"),
      "Server not responding. No response from the server at http://x: connection refused. Check the URL. Retrying automatically.",
    );
    const refusal = { kind: "lost", since: NOW, error: new Error("update this client") } as const;
    assert.equal(
      contactMessage({ ...lost, contact: refusal }, NOW, "why"),
      "Server not responding, as of 11:02. Update this client. Retrying automatically.",
    );
  });

  it("disappears when the server responds", () => {
    assert.equal(contactMessage(aState(), NOW, "why"), undefined);
  });
});
