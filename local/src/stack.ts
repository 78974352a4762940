import { join } from "node:path";
import { REPOSITORY, type StartOptions } from "./config.ts";
import { ensureDevelopmentSecret, type DataFolder } from "./folder/dataFolder.ts";
import { writeFleet } from "./folder/fleet.ts";
import { freePort } from "./ports.ts";
import { createPostgresPart, type PostgresPart } from "./postgres/postgresPart.ts";
import { createProgram } from "./process/program.ts";
import type { Part } from "./runner.ts";
import type { WatchedPart } from "./sourceWatcher.ts";

const CATALOGUE = "infra/catalogue.yaml";

export interface Stack {
  /** In the order in which they start; they stop in reverse. */
  readonly parts: readonly Part[];
  /** Undefined when another database is used. */
  readonly postgres: PostgresPart | undefined;
  /** The parts that `--watch` restarts. PostgreSQL is not one of them. */
  readonly watched: readonly WatchedPart[];
}

export async function buildStack(options: StartOptions, folder: DataFolder): Promise<Stack> {
  await ensureDevelopmentSecret(folder.secretFile);
  const { kubeconfig, databaseUrl } = options;
  const postgres = databaseUrl === null ? createPostgresPart(folder.path, folder.logs) : undefined;
  const parts: Part[] = [];
  const watched: WatchedPart[] = [];
  if (postgres) parts.push(postgres);
  if (kubeconfig === null) {
    await writeFleet(join(REPOSITORY, CATALOGUE), folder.fleetFile);
    const part = await devCluster(options, folder, () => postgres?.home());
    parts.push(part);
    watched.push({ part, sources: inRepository("dev-cluster/src") });
  }
  const part = controlPlane(options, folder, () => postgres?.url() ?? databaseUrl ?? "");
  parts.push(part);
  const sources = inRepository("control-plane/src", "shared/src", "migrations", CATALOGUE);
  watched.push({ part, sources });
  return { parts, postgres, watched };
}

async function devCluster(
  { environment }: StartOptions,
  folder: DataFolder,
  database: () => string | undefined,
): Promise<Part> {
  // Chosen once: the kubeconfig that the control plane has read stays valid over a restart.
  const port = String(await freePort());
  return createProgram({
    title: "the dev cluster",
    name: "dev-cluster",
    logs: folder.logs,
    script: join(REPOSITORY, "dev-cluster/src/main.ts"),
    launch: () => {
      const args = ["--data", folder.devCluster, "--port", port, "--fleet", folder.fleetFile];
      // The pods of dev-cluster must not read the sign-in secret and the database.
      args.push("--hide", folder.path, database() ?? folder.path);
      return { args, env: environment.inherited };
    },
  });
}

function controlPlane(options: StartOptions, folder: DataFolder, database: () => string): Part {
  const kubeconfig = options.kubeconfig ?? join(folder.devCluster, "kubeconfig");
  const args = ["--role", "all", "--host", "127.0.0.1", "--port", String(options.port)];
  args.push("--kubeconfig", kubeconfig, "--development-secret-file", folder.secretFile);
  return createProgram({
    title: "the control plane",
    name: "control-plane",
    logs: folder.logs,
    script: join(REPOSITORY, "control-plane/src/main.ts"),
    launch: () => ({
      args,
      // In the environment, because arguments are public and the URL has a password.
      env: { ...options.environment.inherited, DATABASE_URL: database() },
    }),
  });
}

function inRepository(...paths: string[]): string[] {
  return paths.map((path) => join(REPOSITORY, path));
}
