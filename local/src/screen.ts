export interface ReadyFacts {
  readonly url: string;
  readonly defaultPort: boolean;
  readonly seconds: number;
  readonly dataDir: string;
  /** The database's folder when it is outside the data folder. */
  readonly database: string | null;
  readonly logs: string;
  /** Parts restart when their sources change. */
  readonly watch: boolean;
  /** Pods run as processes of this machine. */
  readonly devCluster: boolean;
  /** The PATH has `gpu-dev`, so `npm run install-cli` has been run. */
  readonly cliInstalled: boolean;
  readonly missingTools: readonly string[];
  readonly bold: (text: string) => string;
}

/** The last thing that `npm start` prints: what runs, what to type next, where the data is. */
export function readyScreen(facts: ReadyFacts): string {
  const { url, bold, seconds } = facts;
  const setup = facts.defaultPort ? "gpu-dev setup" : `gpu-dev setup --server ${url}`;
  const lines = [
    "",
    `${bold("GPU Dev Servers")} is ready at ${bold(url)} (${seconds.toFixed(1)} s)`,
    "",
    `In a second terminal${facts.cliInstalled ? "" : ", in this folder"}:`,
    ...installLines(facts),
    `  ${setup}`,
    "  gpu-dev reserve --gpu-type h100 --gpus 2 --hours 1 --disk work --name demo",
    "  ssh gpu-dev-demo",
    "",
    `Data   ${facts.dataDir}`,
  ];
  if (facts.database !== null) lines.push(`       ${facts.database} (database)`);
  lines.push(`Logs   ${facts.logs}`);
  if (facts.watch) lines.push("Watch  a part restarts when its sources change");
  if (facts.devCluster)
    lines.push("Pods   contained, not isolated: for people who trust each other");
  if (facts.missingTools.length > 0) {
    const missing = facts.missingTools.join(", ");
    lines.push("", `Not found: ${missing}. Install OpenSSH's client to connect.`);
  }
  return [...lines, "", "Ctrl-C stops everything."].join("\n");
}

function installLines({ cliInstalled }: ReadyFacts): string[] {
  return cliInstalled ? [] : ["  npm run install-cli"];
}
