import assert from "node:assert/strict";
import fc from "fast-check";
import { hostNames } from "@gpu-dev/client/ssh/hostNames.ts";
import type { HostState } from "@gpu-dev/client/ssh/hostState.ts";
import { renderHosts, renderKnownHosts } from "@gpu-dev/client/ssh/renderHosts.ts";
import { type Observed, syncHosts } from "@gpu-dev/client/ssh/syncHosts.ts";
import { liveHost } from "../../support/sshHostFixtures.ts";

const NOW = new Date("2026-11-23T12:00:00.000Z");
const later = (hours: number) => new Date(NOW.getTime() + hours * 3_600_000);
const empty: HostState = {
  version: 1,
  prefix: "gpu-dev",
  server: "127.0.0.1:8710",
  identityFile: "/home/ada/.gpu-dev/ssh/id_ed25519",
  live: [],
  tombstones: [],
};
const seen = (parts: Partial<Observed>): Observed => ({ me: "ada", live: [], ended: [], ...parts });
const ended = (id: string) => ({
  id,
  endedAt: NOW.toISOString(),
  endReason: "expired" as const,
  endDetail: "The lease ended at 12:00.",
});
const options = {
  platform: "linux" as const,
  knownHostsPath: "/home/ada/.gpu-dev/ssh/d.known_hosts",
  statePath: "/home/ada/.gpu-dev/ssh/d.hosts.json",
  ownIdentity: "/home/ada/.gpu-dev/ssh/id_ed25519",
  explainCommand: ["/opt/it's 100%/node", "/opt/gpu-dev.js"],
};

describe("ssh hosts", () => {
  it("N4: views of several clients merge to the same hosts in any order", () => {
    const views = [
      seen({ live: [liveHost(1)] }),
      seen({ live: [liveHost(2), liveHost(1, { generation: 3, port: 9 })] }),
      seen({ live: [liveHost(1)], ended: [ended(liveHost(4).id)] }),
      seen({ live: [liveHost(3), liveHost(2)] }),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), (order) => {
        const state = order.reduce(
          (previous, index) => syncHosts(previous, views[index] ?? seen({}), NOW),
          empty,
        );
        assert.deepEqual(
          state.live.map(({ name, port }) => [name, port]),
          [
            ["box1", 9],
            ["box2", 20_002],
            ["box3", 20_003],
          ],
        );
      }),
    );
  });

  it("N9: an ended host becomes a tombstone for a day, and a stale view does not revive it", () => {
    const live = syncHosts(empty, seen({ live: [liveHost(1)] }), NOW);
    const gone = syncHosts(live, seen({ ended: [ended(liveHost(1).id)] }), NOW);
    assert.deepEqual([gone.live.length, gone.tombstones[0]?.endReason], [0, "expired"]);
    const stale = syncHosts(gone, seen({ live: [liveHost(1)] }), later(1));
    assert.deepEqual([stale.live.length, stale.tombstones.length], [0, 1]);
    assert.equal(syncHosts(gone, seen({}), later(25)).tombstones.length, 0);
  });

  it("a new reservation of the same name takes the tombstone's place", () => {
    const live = syncHosts(empty, seen({ live: [liveHost(1)] }), NOW);
    const gone = syncHosts(live, seen({ ended: [ended(liveHost(1).id)] }), NOW);
    const again = syncHosts(gone, seen({ live: [liveHost(2, { name: "box1" })] }), NOW);
    assert.deepEqual([...hostNames(again).values()], ["gpu-dev-box1"]);
    assert.equal(again.tombstones.length, 0);
  });

  it("N2: own hosts and hosts of other users never get the same name", () => {
    const state = syncHosts(
      empty,
      seen({ live: [liveHost(1, { name: "b", owner: "a" }), liveHost(2, { name: "a-b" })] }),
      NOW,
    );
    assert.deepEqual([...hostNames(state).values()].sort(), ["gpu-dev-a--b", "gpu-dev-a-b"]);
  });

  it("S5: values that would break a config line are refused, even if they pass the schema", () => {
    for (const host of ["a\nProxyCommand evil", 'a"b', "%h", "$(id)", "-oProxyCommand=x", "a b"]) {
      const state = { ...empty, live: [liveHost(1, { host })] };
      assert.throws(() => renderHosts(state, options), /can't be written/, host);
    }
    const state = { ...empty, identityFile: "/home/a\nb" };
    assert.throws(
      () => renderHosts({ ...state, live: [liveHost(1)] }, options),
      /can't use the path/,
    );
  });

  it("keeps host key checking on, and pins keys by the reservation's id", () => {
    const state = { ...empty, live: [liveHost(1)] };
    const text = renderHosts(state, options);
    assert.match(text, /StrictHostKeyChecking yes/);
    assert.doesNotMatch(text, /StrictHostKeyChecking no/);
    assert.match(renderKnownHosts(state), /^gpu-dev-0{15}1 ssh-ed25519 \S+\n$/);
  });

  it("quotes the tombstone's command for the shell, with % doubled for ssh", () => {
    const live = syncHosts(empty, seen({ live: [liveHost(1)] }), NOW);
    const gone = syncHosts(live, seen({ ended: [ended(liveHost(1).id)] }), NOW);
    const text = renderHosts(gone, options);
    assert.match(text, /ProxyCommand '\/opt\/it'\\''s 100%%\/node' '\/opt\/gpu-dev.js' 'explain'/);
  });
});
