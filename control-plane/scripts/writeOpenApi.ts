import { writeFile } from "node:fs/promises";
import { buildOpenApi } from "@gpu-dev/shared/api/openapi.ts";
import { format } from "prettier";
import packageJson from "../package.json" with { type: "json" };

/** Writes openapi.json; run it after each change of the route table. A test compares the two. */
const document = JSON.stringify(buildOpenApi(packageJson.version));
await writeFile(
  new URL("../../openapi.json", import.meta.url),
  await format(document, { parser: "json", printWidth: 100 }),
);
