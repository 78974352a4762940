export interface Ready {
  readonly url: string;
  readonly defaultPort: boolean;
  readonly seconds: number;
  readonly dataDir: string;
  /** Where the database lies when that is not inside the data folder. */
  readonly database: string | null;
  readonly logs: string;
  readonly missingTools: readonly string[];
  readonly bold: (text: string) => string;
}

/** The last thing that `npm start` prints: what runs, what to type next, where things lie. */
export function readyScreen(ready: Ready): string {
  const setup = ready.defaultPort ? "npx gpu-dev setup" : `npx gpu-dev setup --server ${ready.url}`;
  const places = [`Data   ${ready.dataDir}`];
  if (ready.database !== null) places.push(`       ${ready.database} (database)`);
  places.push(`Logs   ${ready.logs}`);
  const notes =
    ready.missingTools.length === 0
      ? []
      : ["", `Not found: ${ready.missingTools.join(", ")}. Install OpenSSH's client to connect.`];
  return [
    "",
    `${ready.bold("GPU Dev Servers")} is ready at ${ready.bold(ready.url)} (${ready.seconds.toFixed(1)} s)`,
    "",
    "In a second terminal, in this folder:",
    `  ${setup}`,
    "  npx gpu-dev reserve --gpu-type h100 --gpus 2 --hours 1 --disk work --name demo",
    "  ssh gpu-dev-demo",
    "",
    ...places,
    ...notes,
    "",
    "Ctrl-C stops everything.",
  ].join("\n");
}
