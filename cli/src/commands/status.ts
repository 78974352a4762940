import type { Command } from "commander";
import { sessionFor } from "../commandAction.ts";
import { CliError } from "../exitCodes.ts";
import { sshOptions } from "../sshHosts.ts";
import { renderFields } from "../table.ts";
import { localTime } from "@gpu-dev/client/text/times.ts";
import { VERSION } from "../version.ts";

export function addStatus(program: Command): void {
  program
    .command("status")
    .description("the server and its parts, and how you are signed in")
    .action(async (_options: unknown, command: Command) => {
      const session = await sessionFor(command);
      await session.requireCredential();
      const status = await session.client.call("getStatus");
      const me = await session.client.call("getMe");
      const { output } = session;
      if (output.json) {
        output.result({ client: VERSION, server: session.server, me, status });
        return;
      }
      const now = session.now();
      const { cluster, reservations } = status;
      const seen = cluster.asOf === null ? "" : `, seen ${localTime(cluster.asOf, now)}`;
      const counts = Object.entries(reservations).map(([state, n]) => `${String(n)} ${state}`);
      const include = (await sshOptions(session)).length === 0;
      const fields: [string, string][] = [
        ["Server", `${session.server}, version ${status.version}`],
        ["Installation", status.installation],
        ["Database", status.database],
        ["Cluster", `${cluster.state}${seen}`],
        ["Reservations", counts.join(", ")],
        ["You", `${me.name} (${me.role}), signed in until ${localTime(me.tokenExpiresAt, now)}`],
        ["ssh config", include ? "includes our hosts" : "not touched: use ssh -F, as printed"],
        ["Client", `version ${VERSION}`],
      ];
      for (const line of renderFields(fields)) output.line(line.slice(2));
      if (status.database === "down" || cluster.state === "unknown") {
        throw new CliError(
          "unreachable",
          "Part of the server is away; it mends itself when that is back.",
        );
      }
    });
}
