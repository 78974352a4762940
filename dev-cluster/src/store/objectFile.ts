import { randomUUID } from "node:crypto";
import { chmodSync, closeSync, existsSync, openSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";

export interface ObjectRow {
  readonly resource: string;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly revision: number;
  readonly json: string;
}

/** The data directory is in use by another process. */
export class DataDirectoryInUseError extends Error {
  override readonly name = "DataDirectoryInUseError";
}

/**
 * The current objects in an SQLite file. A write has left this process when the call returns, so
 * killing the process loses nothing; only a crash of the whole machine may lose the most recent
 * writes (synchronous=NORMAL). The file is locked while it is open, and the lock ends with the
 * process.
 */
export class ObjectFile {
  readonly #database: DatabaseSync;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  readonly #setRevision: StatementSync;

  constructor(path: string) {
    makePrivateFile(path);
    this.#database = new DatabaseSync(path);
    try {
      this.#database.exec(`
        pragma locking_mode = exclusive;
        pragma journal_mode = wal;
        pragma synchronous = normal;
        begin exclusive;
        create table if not exists meta (key text primary key, value text not null) strict;
        create table if not exists objects (
          resource text not null,
          namespace text not null,
          name text not null,
          revision integer not null,
          json text not null,
          primary key (resource, namespace, name)
        ) strict, without rowid;
        commit;
      `);
    } catch (cause) {
      this.#database.close();
      if (cause instanceof Error && cause.message.includes("locked")) {
        throw new DataDirectoryInUseError(`${path} is locked by another process.`, { cause });
      }
      throw cause;
    }
    this.#put = this.#database.prepare(
      `insert into objects (resource, namespace, name, revision, json) values (?, ?, ?, ?, ?)
       on conflict (resource, namespace, name)
       do update set revision = excluded.revision, json = excluded.json`,
    );
    this.#remove = this.#database.prepare(
      "delete from objects where resource = ? and namespace = ? and name = ?",
    );
    this.#setRevision = this.#database.prepare(
      `insert into meta (key, value) values ('revision', ?)
       on conflict (key) do update set value = excluded.value`,
    );
  }

  load(): { uid: string; revision: number; objects: ObjectRow[] } {
    this.#database
      .prepare("insert into meta (key, value) values ('uid', ?) on conflict (key) do nothing")
      .run(randomUUID());
    const meta = this.#database.prepare("select key, value from meta").all();
    const value = (key: string) => meta.find((row) => row["key"] === key)?.["value"];
    const rows = this.#database
      .prepare("select resource, namespace, name, revision, json from objects")
      .all();
    return {
      uid: String(value("uid")),
      revision: Number(value("revision") ?? 1),
      objects: rows.map((row) => ({
        resource: String(row["resource"]),
        namespace: String(row["namespace"]),
        name: String(row["name"]),
        revision: Number(row["revision"]),
        json: String(row["json"]),
      })),
    };
  }

  put(row: ObjectRow): void {
    const { resource, namespace = "", name, revision, json } = row;
    this.#inTransaction(() => {
      this.#put.run(resource, namespace, name, revision, json);
      this.#setRevision.run(String(revision));
    });
  }

  remove(row: Omit<ObjectRow, "json">): void {
    this.#inTransaction(() => {
      this.#remove.run(row.resource, row.namespace ?? "", row.name);
      // The revision of a removal is stored only here, and must never be assigned twice.
      this.#setRevision.run(String(row.revision));
    });
  }

  close(): void {
    this.#database.close();
  }

  #inTransaction(write: () => void): void {
    this.#database.exec("begin immediate");
    try {
      write();
      this.#database.exec("commit");
    } catch (error) {
      this.#database.exec("rollback");
      throw error;
    }
  }
}

/** It contains Secrets. SQLite gives its journal the permissions of the file. */
function makePrivateFile(path: string): void {
  if (existsSync(path)) chmodSync(path, 0o600);
  else closeSync(openSync(path, "a", 0o600));
}
