import { join } from "node:path";
import { checkFreeSpace } from "../dataFolder.ts";
import { startLog } from "../logFiles.ts";
import type { Part } from "../part.ts";
import { postgresAccount } from "./account.ts";
import { placePostgres } from "./place.ts";
import { PostgresServer } from "./server.ts";

/** The embedded PostgreSQL as one of the parts of `npm start`. */
export class PostgresPart implements Part {
  readonly title = "PostgreSQL";
  readonly logFile: string;
  readonly #dataFolder: string;
  #server: PostgresServer | null = null;
  #starting: Promise<void> = Promise.resolve();
  /** Where the data really lies. */
  home = "";

  constructor(dataFolder: string, logs: string) {
    this.#dataFolder = dataFolder;
    this.logFile = join(logs, "postgres.log");
  }

  get url(): string {
    if (!this.#server) throw new Error("PostgreSQL has not been started");
    return this.#server.url();
  }

  start(): Promise<void> {
    this.#starting = this.#start();
    return this.#starting;
  }

  async exited(): Promise<void> {
    await this.#server?.exited();
  }

  stop(): Promise<void> {
    return this.#end("fast");
  }

  kill(): Promise<void> {
    return this.#end("immediate");
  }

  async #start(): Promise<void> {
    const account = await postgresAccount();
    const place = await placePostgres(this.#dataFolder, account);
    this.home = place.home;
    await checkFreeSpace(place.copyBinariesTo);
    await (await startLog(this.logFile)).close();
    const logFile = this.logFile;
    this.#server = await PostgresServer.prepare({ ...place, account, logFile, fsync: true });
    await this.#server.start();
  }

  async #end(how: "fast" | "immediate"): Promise<void> {
    // What is being prepared ends by itself within a second or two; a failure was told by `start`.
    await this.#starting.catch(() => undefined);
    await this.#server?.stop(how);
  }
}
