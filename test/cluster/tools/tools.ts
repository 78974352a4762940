import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { hashedCacheFolder } from "../../support/cacheFolder.ts";

/** What the cluster tier runs, each from the module that pins its version: a folder beside this file. */
const TOOLS = {
  etcd: { module: "kubernetes", package: "./etcd" },
  "kube-apiserver": { module: "kubernetes", package: "k8s.io/kubernetes/cmd/kube-apiserver" },
  kubectl: { module: "kubernetes", package: "k8s.io/kubernetes/cmd/kubectl" },
  "kube-scheduler": { module: "kubernetes", package: "k8s.io/kubernetes/cmd/kube-scheduler" },
  "kube-controller-manager": {
    module: "kubernetes",
    package: "k8s.io/kubernetes/cmd/kube-controller-manager",
  },
  helm: { module: "helm", package: "helm.sh/helm/v4/cmd/helm" },
  kwok: { module: "kwok", package: "sigs.k8s.io/kwok/cmd/kwok" },
} as const;

export type ToolName = keyof typeof TOOLS;
export const TOOL_NAMES = Object.keys(TOOLS) as ToolName[];

/**
 * Where a tool's program is: in the folder that `KUBEBUILDER_ASSETS` names, as other projects' tests have it, or in our
 * own cache; null when it is in neither.
 */
export function findTool(name: ToolName): string | null {
  const given = process.env["KUBEBUILDER_ASSETS"] ?? "";
  const places = [...(given === "" ? [] : [given]), cacheOf(name)];
  return places.map((place) => join(place, name)).find((path) => existsSync(path)) ?? null;
}

/** Builds what is found nowhere, from published sources: about ten minutes for all on two cores. Needs Go. */
export async function buildTool(name: ToolName): Promise<string> {
  const found = findTool(name);
  if (found !== null) return found;
  const folder = cacheOf(name);
  mkdirSync(folder, { recursive: true });
  const { module, package: source } = TOOLS[name];
  const made = join(folder, `${name}.${String(process.pid)}`);
  const flags = ["-trimpath", "-buildvcs=false", "-ldflags", linkerFlags(module)];
  const child = spawn("go", ["build", ...flags, "-o", made, source], {
    cwd: join(import.meta.dirname, module),
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" },
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) {
    rmSync(made, { force: true });
    throw new Error(`go build ${source} ended with ${String(code)}, see above.`);
  }
  // Only what is whole gets the name that is looked for.
  renameSync(made, join(folder, name));
  return join(folder, name);
}

function cacheOf(name: ToolName): string {
  const { module } = TOOLS[name];
  const pins = ["go.mod", "go.sum"].map((file) => join(import.meta.dirname, module, file));
  return hashedCacheFolder(`cluster-tools/${module}`, pins);
}

/** Without debug tables. Kubernetes learns its version from its linker; without it, it calls itself v0.0.0. */
function linkerFlags(module: string): string {
  if (module !== "kubernetes") return "-s -w";
  const goMod = readFileSync(join(import.meta.dirname, module, "go.mod"), "utf8");
  const [, version = "", major = "", minor = ""] =
    /k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\d+)/.exec(goMod) ?? [];
  const set = { gitVersion: version, gitMajor: major, gitMinor: minor };
  const values = Object.entries(set).map(
    ([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`,
  );
  return ["-s", "-w", ...values].join(" ");
}
