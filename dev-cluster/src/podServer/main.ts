/**
 * The program behind each image whose repository ends in /workspace: an SSH server that runs inside
 * the pod as the user who started the cluster. The node agent passes the settings in the
 * environment; docs/pod-contract.md describes what a login gets.
 */
import { prepareHome } from "./homeDirectory.ts";
import { readPodSettings } from "./podSettings.ts";
import { startSshServer } from "./sshServer.ts";

try {
  const settings = readPodSettings(process.env);
  prepareHome(settings.home);
  const server = await startSshServer(settings);
  console.log(`SSH server listens on ${settings.address}:${String(settings.port)}`);
  const stop = (): void => {
    void server.close().then(() => process.exit(0));
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
