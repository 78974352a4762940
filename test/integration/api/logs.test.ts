import assert from "node:assert/strict";
import type { ReservationId } from "@gpu-dev/shared/ids.ts";
import { ClusterUnavailable } from "../../../control-plane/src/cluster/port.ts";
import {
  readLogs,
  type LogReader,
} from "../../../control-plane/src/operations/reachReservation.ts";
import { rows } from "../../../control-plane/src/store/database.ts";
import { REQUEST, startApi, type ApiUnderTest, type Caller } from "./apiUnderTest.ts";

describe("the logs of a reservation", () => {
  let api: ApiUnderTest;
  let alice: Caller;
  let id: ReservationId;
  before(async () => {
    api = await startApi();
    alice = await api.signIn("alice");
    id = (await alice.post("/v1/reservations", REQUEST)).body["id"] as ReservationId;
    await rows(
      api.database,
      `update reservations set state = 'ready', attempt = 1, placed_at = now(), ready_at = now(),
         expires_at = now(), capacity_until = now() where id = ?`,
      [id],
    );
    await rows(
      api.database,
      `insert into attempts (reservation_id, rank, attempt, node, units, pod_name, created_at)
       values (?, 0, 1, 'n1', 2, 'pod-1', now())`,
      [id],
    );
  });
  after(() => api.stop());

  /** What a cluster responds while the node deletes the pod: the node has no log of it. */
  const cluster: LogReader = {
    readLogs: () => Promise.reject(new ClusterUnavailable("Pod pod-1 does not run here.")),
  };
  const read = () =>
    readLogs(
      { db: api.database, cluster },
      { userId: alice.id, everyone: false },
      { id, tail: 10 },
    );

  it("R9: are unavailable while the cluster does not return those of a running pod", async () => {
    await assert.rejects(read(), ClusterUnavailable);
  });

  it("are empty while the pod of a cancelled reservation is deleted", async () => {
    await alice.post(`/v1/reservations/${id}/cancel`);
    assert.deepEqual(await read(), { podName: "pod-1", lines: [], truncated: false });
  });
});
