import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { freePort } from "../../support/freePort.ts";
import { startTestPostgres, type TestPostgres } from "../../support/postgres.ts";
import { waitFor } from "../../support/waitFor.ts";
import { newToken } from "../../../control-plane/src/auth/token.ts";
import { end, environmentOf, get, startProcess } from "./chartProcess.ts";
import { render, type Manifest } from "./release.ts";

interface Probe {
  readonly httpGet: {
    readonly path: string;
    readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
  };
  readonly periodSeconds: number;
  readonly failureThreshold?: number;
}
type Probes = Readonly<Record<"startupProbe" | "readinessProbe" | "livenessProbe", Probe>>;
interface Pod {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly [Probes & { readonly lifecycle?: unknown }];
}

describe("the chart's probes and limits", function () {
  this.timeout(90_000);
  let objects: Manifest[];
  let postgres: TestPostgres;
  let api: ChildProcess | undefined;
  before(async () => {
    objects = await render("probed");
    postgres = await startTestPostgres();
  });
  after(async () => {
    if (api) await end(api);
    await postgres.remove();
  });

  const podOf = (name: string) => {
    const found = objects.find((each) => each.metadata.name === name && each.kind === "Deployment");
    return (found?.spec as { template: { spec: Pod } }).template.spec;
  };

  for (const name of ["probed-api", "probed-reconcilers"]) {
    it(`allow ${name} to wait 60 s for its database`, () => {
      const [{ startupProbe }] = podOf(name).containers;
      assert.ok(startupProbe.periodSeconds * (startupProbe.failureThreshold ?? 3) > 90);
    });
  }

  it("let the API keep serving while it leaves its Service, and end in order", () => {
    const { containers, terminationGracePeriodSeconds } = podOf("probed-api");
    assert.deepEqual(containers[0].lifecycle, { preStop: { sleep: { seconds: 5 } } });
    // The preStop sleep and the drain.
    assert.ok(terminationGracePeriodSeconds > 5 + 10);
  });

  it("end the migration before Helm's timeout", () => {
    const hook = objects.find(({ kind }) => kind === "Job")?.spec as Record<string, unknown>;
    const helmsOwnSeconds = 300;
    assert.ok(Number(hook["activeDeadlineSeconds"]) < helmsOwnSeconds);
  });

  it("keep the API in its Service during a database outage, with Retry-After for clients", async () => {
    const port = await freePort();
    const { url } = await postgres.createDatabase();
    api = startProcess({
      ...environmentOf(objects, "Deployment", "probed-api"),
      DATABASE_URL: url,
      GPU_DEV_LOG_LEVEL: "silent",
      GPU_DEV_IN_CLUSTER: "",
      GPU_DEV_HOST: "127.0.0.1",
      GPU_DEV_PORT: String(port),
      GPU_DEV_HEALTH_PORT: "",
      GPU_DEV_CATALOGUE: "",
    });
    const [{ readinessProbe, livenessProbe }] = podOf("probed-api").containers;
    const asked = async ({ httpGet: { path, httpHeaders = [] } }: Probe) =>
      (await get(port, path, httpHeaders[0]?.value ?? "localhost")).status;
    await waitFor(async () => (await asked(readinessProbe)) === 200, {
      timeoutMs: 30_000,
      describe: "the API to be ready",
    });
    await postgres.server.stop();
    const authorization = `Bearer ${newToken()}`;
    const refused = () => get(port, "/v1/reservations", "gpu-dev.example.com", { authorization });
    await waitFor(async () => (await refused()).status === 503, { describe: "a refusal" });
    assert.equal((await refused()).headers["retry-after"], "2");
    assert.equal(await asked(readinessProbe), 200);
    assert.equal(await asked(livenessProbe), 200);
  });
});
