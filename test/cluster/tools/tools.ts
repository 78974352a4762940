import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { hashedCacheFolder } from "../../support/cacheFolder.ts";

/**
 * The programs of the cluster tests. Each is built from a module next to this file that pins its
 * version.
 */
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
 * The path of a tool's program: in the folder `KUBEBUILDER_ASSETS` (the convention of other
 * projects' tests), otherwise in our own cache. Null if it is in neither.
 */
export function findTool(name: ToolName): string | null {
  const assets = process.env["KUBEBUILDER_ASSETS"] ?? "";
  const folders = assets === "" ? [cacheOf(name)] : [assets, cacheOf(name)];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}

/**
 * Builds a missing tool from published sources with Go; all of them take about ten minutes on two
 * cores.
 */
export async function buildTool(name: ToolName): Promise<string> {
  const found = findTool(name);
  if (found !== null) return found;
  const folder = cacheOf(name);
  mkdirSync(folder, { recursive: true });
  const { module, package: source } = TOOLS[name];
  const temporary = join(folder, `${name}.${String(process.pid)}`);
  const flags = ["-trimpath", "-buildvcs=false", "-ldflags", linkerFlags(module)];
  const child = spawn("go", ["build", ...flags, "-o", temporary, source], {
    cwd: join(import.meta.dirname, module),
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" },
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) {
    rmSync(temporary, { force: true });
    throw new Error(`go build ${source} exited with ${String(code)}; its output is above.`);
  }
  // Only a complete file gets the final name.
  renameSync(temporary, join(folder, name));
  return join(folder, name);
}

function cacheOf(name: ToolName): string {
  const { module } = TOOLS[name];
  const pins = ["go.mod", "go.sum"].map((file) => join(import.meta.dirname, module, file));
  return hashedCacheFolder(`cluster-tools/${module}`, pins);
}

/** Omits debug tables and sets Kubernetes' version, which is v0.0.0 without the linker flags. */
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
