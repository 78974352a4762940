import { join } from "node:path";
import { checkFreeSpace } from "../folder/dataFolder.ts";
import { startLog } from "../folder/logFiles.ts";
import type { Part } from "../runner.ts";
import { postgresAccount } from "./account.ts";
import { placePostgres } from "./place.ts";
import { preparePostgres, type PostgresServer } from "./server.ts";

/** The embedded PostgreSQL as a part of `npm start`. */
export interface PostgresPart extends Part {
  /** Connection string with the password. Throws before the start. */
  url(): string;
  /** The folder of the database; undefined before the start. */
  home(): string | undefined;
}

export function createPostgresPart(dataFolder: string, logs: string): PostgresPart {
  const logFile = join(logs, "postgres.log");
  let server: PostgresServer | undefined;
  let home: string | undefined;
  let starting: Promise<void> = Promise.resolve();

  const start = async (): Promise<void> => {
    const account = await postgresAccount();
    const place = await placePostgres(dataFolder, account);
    home = place.home;
    await checkFreeSpace(place.copyBinariesTo);
    await (await startLog(logFile)).close();
    // The same server again after a crash: the control plane knows its port.
    server ??= await preparePostgres({ ...place, account, logFile, fsync: true });
    await server.start();
  };
  const end = async (mode: "fast" | "immediate"): Promise<void> => {
    // A start in progress ends within seconds; `start` reports its failure.
    await starting.catch(() => undefined);
    await server?.stop(mode);
  };
  return {
    title: "PostgreSQL",
    logFile,
    url: () => {
      if (!server) throw new Error("PostgreSQL has not been started");
      return server.url();
    },
    home: () => home,
    start: () => (starting = start()),
    exited: async () => {
      await server?.exited();
    },
    stop: () => end("fast"),
    kill: () => end("immediate"),
  };
}
