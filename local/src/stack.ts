import { join } from "node:path";
import { ensureDevelopmentSecret, type DataFolder } from "./dataFolder.ts";
import { writeFleet } from "./fleet.ts";
import { REPOSITORY, type StartOptions } from "./options.ts";
import type { Part } from "./part.ts";
import { PostgresPart } from "./postgres/part.ts";
import { Program } from "./program.ts";

/** The parts in the order in which they start; they stop in reverse. */
export interface Stack {
  readonly parts: readonly Part[];
  /** Null when another database is used. */
  readonly postgres: PostgresPart | null;
}

export async function buildStack(options: StartOptions, folder: DataFolder): Promise<Stack> {
  await ensureDevelopmentSecret(folder.secretFile);
  const { kubeconfig, databaseUrl } = options;
  const postgres = databaseUrl === null ? new PostgresPart(folder.path, folder.logs) : null;
  const parts: Part[] = [];
  if (postgres) parts.push(postgres);
  if (kubeconfig === null) {
    await writeFleet(join(REPOSITORY, "infra/catalogue.yaml"), folder.fleetFile);
    parts.push(devCluster(options, folder));
  }
  parts.push(controlPlane(options, folder, () => postgres?.url ?? databaseUrl ?? ""));
  return { parts, postgres };
}

function devCluster({ environment }: StartOptions, folder: DataFolder): Part {
  return new Program({
    title: "the dev cluster",
    name: "dev-cluster",
    logs: folder.logs,
    script: join(REPOSITORY, "dev-cluster/src/main.ts"),
    launch: () => ({
      args: ["--data", folder.devCluster, "--port", "0", "--fleet", folder.fleetFile],
      env: environment.inherited,
    }),
  });
}

function controlPlane(options: StartOptions, folder: DataFolder, database: () => string): Part {
  const kubeconfig = options.kubeconfig ?? join(folder.devCluster, "kubeconfig");
  return new Program({
    title: "the control plane",
    name: "control-plane",
    logs: folder.logs,
    script: join(REPOSITORY, "control-plane/src/main.ts"),
    launch: () => ({
      args: [
        ...["--role", "all", "--host", "127.0.0.1", "--port", String(options.port)],
        ...["--kubeconfig", kubeconfig, "--development-secret-file", folder.secretFile],
      ],
      // In the environment, not among the arguments: it carries a password.
      env: { ...options.environment.inherited, DATABASE_URL: database() },
    }),
  });
}
