/**
 * `npm run test:vscode:desktop [-- VERSION]` runs the suite of test/vscode/host inside a desktop
 * VS Code of that version (default "stable"; the oldest supported version is 1.101.0), which it
 * downloads first. It needs a display: on a machine without one, run it under xvfb-run. It exits
 * with 3 if VS Code can't be downloaded.
 */
import { join } from "node:path";
import { downloadAndUnzipVSCode, runTests } from "@vscode/test-electron";
import { writeSettings } from "./support/editorSettings.ts";
import { packExtension } from "./support/packExtension.ts";
import { unpackVsix } from "./support/unpackVsix.ts";
import { createHostEnvironment, type HostTestResult } from "./host/hostEnvironment.ts";

const NOT_DOWNLOADED = 3;

process.exitCode = await main(process.argv[2] ?? "stable");

async function main(version: string): Promise<number> {
  const vscodeExecutablePath = await downloadAndUnzipVSCode({ version }).catch((error: unknown) => {
    process.stdout.write(`VS Code ${version} could not be downloaded (${String(error)}).\n`);
    process.stdout.write(
      "No test was run, because the tests need it.\n0 passed, 0 failed, 1 skipped\n",
    );
    return null;
  });
  if (vscodeExecutablePath === null) return NOT_DOWNLOADED;
  const environment = await createHostEnvironment();
  try {
    const userData = join(environment.dir, "user");
    await writeSettings(userData, { values: { "gpuDev.server": environment.firstServer } });
    const extensionDevelopmentPath = await unpackVsix(await packExtension(), environment.dir);
    const exitCode = await runTests({
      vscodeExecutablePath,
      extensionDevelopmentPath,
      extensionTestsPath: environment.suite,
      extensionTestsEnv: { ...environment.env, HOME: environment.dir },
      launchArgs: [
        environment.workspace,
        "--disable-extensions",
        "--disable-workspace-trust",
        "--user-data-dir",
        userData,
        "--extensions-dir",
        join(environment.dir, "extensions"),
        // A test machine has no keyring.
        "--password-store",
        "basic",
      ],
    }).catch(() => 1);
    return report((await environment.results()) ?? [], exitCode);
  } finally {
    await environment.remove();
  }
}

function report(results: readonly HostTestResult[], exitCode: number): number {
  for (const { title, failure } of results) {
    process.stdout.write(`${failure === null ? "ok  " : "FAIL"}  ${title}\n${failure ?? ""}`);
  }
  const failed = results.filter(({ failure }) => failure !== null).length;
  const passed = results.length - failed;
  process.stdout.write(`${String(passed)} passed, ${String(failed)} failed, 0 skipped\n`);
  return failed > 0 || passed === 0 || exitCode !== 0 ? 1 : 0;
}
