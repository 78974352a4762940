/** `npm run schema`: migrates an empty database and writes its schema to migrations/schema.sql. */
import { writeFile } from "node:fs/promises";
import { startTestPostgres } from "./postgres.ts";
import { dumpSchema } from "./schemaDump.ts";

const postgres = await startTestPostgres();
try {
  const { url } = await postgres.createDatabase();
  await writeFile(new URL("../../migrations/schema.sql", import.meta.url), await dumpSchema(url));
} finally {
  await postgres.remove();
}
