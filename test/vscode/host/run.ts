import { rename, writeFile } from "node:fs/promises";
import Mocha from "mocha";
import { defineConduct } from "./conduct.ts";
import type { InnerResult } from "./hostEnvironment.ts";

/** Called by the extension host. Writes how each test ended to the file that TEST_RESULTS names. */
export async function run(): Promise<void> {
  const results: InnerResult[] = [];
  const mocha = new Mocha({ ui: "bdd", timeout: 60_000, reporter: Quiet });
  mocha.suite.emit(Mocha.Suite.constants.EVENT_FILE_PRE_REQUIRE, globalThis, "", mocha);
  defineConduct();
  await new Promise<void>((resolve) => {
    const runner = mocha.run(() => {
      resolve();
    });
    const ended = (test: Mocha.Runnable, failure: string | null) =>
      results.push({ title: test.title, failure });
    runner.on(Mocha.Runner.constants.EVENT_TEST_PASS, (test) => ended(test, null));
    runner.on(Mocha.Runner.constants.EVENT_TEST_FAIL, (test, error: Error) =>
      ended(test, error.stack ?? error.message),
    );
  });
  // Atomic: the reader must not see half of the file.
  const file = process.env["TEST_RESULTS"] ?? "";
  await writeFile(`${file}.part`, JSON.stringify(results));
  await rename(`${file}.part`, file);
  const failed = results.filter(({ failure }) => failure !== null).length;
  if (failed > 0) throw new Error(`${String(failed)} tests failed`);
}

class Quiet extends Mocha.reporters.Base {}
