import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import { parse } from "yaml";
import { CatalogueInvalid, parseCatalogue } from "./domain/catalogue.ts";

/** The catalogue of this checkout; an installation may configure another file. */
export const CATALOGUE_FILE = fileURLToPath(new URL("../../infra/catalogue.yaml", import.meta.url));

/** @throws Error that names the file and lists every problem */
export async function loadCatalogue(path: string = CATALOGUE_FILE): Promise<Catalogue> {
  let document: unknown;
  try {
    document = parse(await readFile(path, "utf8"), { merge: true });
  } catch (error) {
    throw new Error(`the catalogue ${path} could not be read`, { cause: error });
  }
  try {
    return parseCatalogue(document);
  } catch (error) {
    if (error instanceof CatalogueInvalid) {
      throw new Error(`${path}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}
