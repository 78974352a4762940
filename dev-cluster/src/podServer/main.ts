/**
 * The program behind each image whose repository ends in /workspace: an SSH server that runs inside
 * the pod as the user who started the cluster. The node agent passes the settings in the
 * environment; docs/pod-contract.md describes what a login gets.
 */
import { prepareHome } from "./homeDirectory.ts";
import { readPodSettings } from "./podSettings.ts";
import { startSshServer } from "./sshServer.ts";

// The threads that files and host names share: a few slow requests must not block all others. Node
// reads this at the first use.
process.env["UV_THREADPOOL_SIZE"] ??= "32";
// The server is the pod's first program: if it ended, every session and training run would too.
process.on("uncaughtException", (error) => {
  console.error("An unexpected error; the sessions continue.", error);
});

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
  process.exit(1);
}
