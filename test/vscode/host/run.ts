import { rename, writeFile } from "node:fs/promises";
import Mocha from "mocha";
import { defineExtensionTests } from "./extensionTests.ts";
import type { HostTestResult } from "./hostEnvironment.ts";

/** Called by the extension host. Writes the result of each test to the file in TEST_RESULTS. */
export async function run(): Promise<void> {
  const results: HostTestResult[] = [];
  const mocha = new Mocha({ ui: "bdd", timeout: 60_000, reporter: SilentReporter });
  mocha.suite.emit(Mocha.Suite.constants.EVENT_FILE_PRE_REQUIRE, globalThis, "", mocha);
  defineExtensionTests();
  await new Promise<void>((resolve) => {
    const runner = mocha.run(() => {
      resolve();
    });
    const record = (test: Mocha.Runnable, failure: string | null) =>
      results.push({ title: test.title, failure });
    runner.on(Mocha.Runner.constants.EVENT_TEST_PASS, (test) => record(test, null));
    runner.on(Mocha.Runner.constants.EVENT_TEST_FAIL, (test, error: Error) =>
      record(test, error.stack ?? error.message),
    );
  });
  // The rename is atomic: the reader never sees a partly written file.
  const file = process.env["TEST_RESULTS"] ?? "";
  await writeFile(`${file}.part`, JSON.stringify(results));
  await rename(`${file}.part`, file);
  const failed = results.filter(({ failure }) => failure !== null).length;
  if (failed > 0) throw new Error(`${String(failed)} tests failed`);
}

class SilentReporter extends Mocha.reporters.Base {}
