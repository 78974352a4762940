import assert from "node:assert/strict";
import { ConnectionError } from "@gpu-dev/client/http/apiErrors.ts";
import { availabilityNodes } from "../../../extension/src/tree/availabilityNodes.ts";
import { contactMessage } from "../../../extension/src/tree/contactMessage.ts";
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
  aState({ availability: { asOf: null, types } });

describe("the Availability view", () => {
  it("goes from type to node to who has the GPUs, one's own by name", () => {
    const mine = aReservation({ expiresAt: iso(60), members: [aMember("h100-0", 1)] });
    const state = { ...stateOf(aType()), reservations: [mine] };
    assert.deepEqual(drawn(availabilityNodes(state)), [
      "H100 | 14 of 16 free",
      "  Fits now | 8 GPUs: 1, 1 GPU: 14",
      "  h100-0 | 6 of 8 free",
      "    Free | 6 GPUs",
      "    demo | 1 GPU, yours",
      "    In use | 1 GPU",
      "  h100-1 | 8 of 8 free",
      "    Free | 8 GPUs",
    ]);
  });

  it("says what can't be used, who waits, and what does not fit", () => {
    const type = aType({
      healthyGpus: 8,
      freeGpus: 3,
      queued: 2,
      fitsNow: [
        { gpus: 1, reservations: 3 },
        { gpus: 4, reservations: 0 },
        { gpus: 8, reservations: 0 },
      ],
      nodes: [
        { name: "h100-0", zone: "a", state: "ready", gpus: 8, free: 3 },
        { name: "h100-1", zone: "a", state: "cordoned", gpus: 8, free: 0 },
        { name: "h100-2", zone: "a", state: "not-ready", gpus: 0, free: 0 },
      ],
    });
    assert.deepEqual(drawn(availabilityNodes(stateOf(type))), [
      "H100 | 3 of 8 free, 2 waiting, 8 unavailable",
      "  Fits now | 1 GPU: 3; not 8 or 4",
      "  h100-0 | 3 of 8 free",
      "    Free | 3 GPUs",
      "    In use | 5 GPUs",
      "  h100-1 | closed for new ones, 8 in all",
      "  h100-2 | not ready, 0 in all",
    ]);
  });

  it("says that nothing fits and that there are no nodes", () => {
    const full = aType({ freeGpus: 0, fitsNow: [{ gpus: 1, reservations: 0 }], nodes: [] });
    assert.deepEqual(drawn(availabilityNodes(stateOf(full))), [
      "H100 | 0 of 16 free",
      "  Fits now | nothing",
    ]);
    const none = aType({ totalGpus: 0, healthyGpus: 0, freeGpus: 0, queued: 1, nodes: [] });
    assert.equal(availabilityNodes(stateOf(none))[0]?.description, "no nodes, 1 waiting");
  });

  it("counts slots where a type has no GPUs", () => {
    const cpu = aType({
      type: "cpu-x86",
      totalGpus: 4,
      healthyGpus: 4,
      freeGpus: 3,
      fitsNow: [{ gpus: 0, reservations: 3 }],
      nodes: [{ name: "cpu-0", zone: "a", state: "ready", gpus: 4, free: 3 }],
    });
    const mine = aReservation({ members: [aMember("cpu-0", 0)] });
    const state = { ...stateOf(cpu), reservations: [mine] };
    assert.deepEqual(drawn(availabilityNodes(state)), [
      "cpu-x86 | 3 of 4 free",
      "  Fits now | 3",
      "  cpu-0 | 3 of 4 free",
      "    Free | 3 slots",
      "    demo | 1 slot, yours",
    ]);
  });

  it("tells types with, without and with no usable GPUs apart without colour", () => {
    const icons = availabilityNodes(
      stateOf(aType(), aType({ freeGpus: 0 }), aType({ healthyGpus: 0, freeGpus: 0 })),
    ).map(({ icon }) => icon.id);
    assert.equal(new Set(icons).size, 3);
  });
});

describe("the Disks view", () => {
  it("says who holds a disk first, else its size and zone", () => {
    const heldBy = {
      reservationId: "000000000000000a" as ReservationId,
      name: "demo",
      until: iso(200),
    };
    const disks = [
      aDisk({ id: "2", name: "work", heldBy }),
      aDisk({ id: "1", name: "data" }),
      aDisk({ id: "3", name: "zed", zone: null }),
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
  });
});

describe("the age above the rows", () => {
  const error = new ConnectionError("http://x", "connection refused", {
    next: "Check the address.",
  });
  const lost = aState({
    contact: { kind: "lost", since: NOW, error },
    asOf: minutesFrom(-58),
  });

  it("is said while the server is away, and once that nobody has to do anything", () => {
    assert.equal(
      contactMessage(lost, NOW, "why"),
      "Server not answering, as of 11:02. Trying again by itself.",
    );
    assert.equal(contactMessage(lost, NOW, "brief"), "Server not answering, as of 11:02.");
    assert.equal(contactMessage({ ...lost, asOf: null }, NOW, "brief"), "Server not answering.");
  });

  it("says why where that can be mended: an address that never answered, a refusal", () => {
    assert.equal(
      contactMessage({ ...lost, asOf: null }, NOW, "why"),
      "Server not answering. No response from the server at http://x: connection refused. Check the address. Trying again by itself.",
    );
    const refusal = { kind: "lost", since: NOW, error: new Error("update this client") } as const;
    assert.equal(
      contactMessage({ ...lost, contact: refusal }, NOW, "why"),
      "Server not answering, as of 11:02. Update this client. Trying again by itself.",
    );
  });

  it("is gone as soon as the server answers", () => {
    assert.equal(contactMessage(aState(), NOW, "why"), null);
  });
});
