import { writeFile } from "node:fs/promises";
import { buildOpenApi } from "@gpu-dev/shared/api/openapi.ts";
import { format } from "prettier";
import packageJson from "../package.json" with { type: "json" };

/** Writes openapi.json anew after the route table changed; a test fails until it was run. */
const document = JSON.stringify(buildOpenApi(packageJson.version));
await writeFile(
  new URL("../../openapi.json", import.meta.url),
  await format(document, { parser: "json", printWidth: 100 }),
);
