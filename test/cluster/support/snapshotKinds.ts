import { join } from "node:path";
import { waitFor } from "../../support/waitFor.ts";
import type { Kubernetes } from "./kubernetes.ts";
import { runTool } from "./runTool.ts";

const MODULE = join(import.meta.dirname, "../tools/snapshotter");
const CLIENT = "github.com/kubernetes-csi/external-snapshotter/client/v8";
const KINDS = ["volumesnapshots", "volumesnapshotcontents", "volumesnapshotclasses"];

/**
 * Installs the volume snapshot kinds (custom resource definitions), as every cluster with snapshots
 * has them.
 */
export async function applySnapshotKinds(kubernetes: Kubernetes): Promise<void> {
  const download = ["mod", "download", "-json", CLIENT];
  const { stdout, stderr } = await runTool("go", ["-C", MODULE, ...download]);
  const { Dir } = JSON.parse(stdout === "" ? "{}" : stdout) as { Dir?: string };
  if (Dir === undefined) throw new Error(`go mod download ${CLIENT} failed: ${stderr}`);
  const files = KINDS.flatMap((kind) => [
    "-f",
    join(Dir, "config/crd", `snapshot.storage.k8s.io_${kind}.yaml`),
  ]);
  const applied = await kubernetes.kubectl("apply", "--server-side", ...files);
  if (applied.code !== 0) throw new Error(applied.stderr);
  await waitFor(
    async () => {
      const { admin } = kubernetes;
      const list = await admin.request("GET", "/apis/snapshot.storage.k8s.io/v1/volumesnapshots");
      const described = await admin.request("GET", "/openapi/v3/apis/snapshot.storage.k8s.io/v1");
      return list.status === 200 && described.status === 200;
    },
    { timeoutMs: 30_000, describe: "volume snapshots to be served" },
  );
}
