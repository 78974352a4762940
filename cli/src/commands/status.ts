import type { Command } from "commander";
import { localTime } from "@gpu-dev/client/text/times.ts";
import { CliError } from "../output/exitCodes.ts";
import { renderFields } from "../output/table.ts";
import { sessionFor, VERSION } from "../session/session.ts";
import { type IncludeState, includeState, unreadText } from "../session/sshHosts.ts";

export function addStatus(program: Command): void {
  program
    .command("status")
    .description("the server, its dependencies, and your sign-in")
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
      const lastSeen =
        cluster.asOf === undefined ? "" : `, last seen ${localTime(cluster.asOf, now)}`;
      const counts = Object.entries(reservations).map(([state, n]) => `${String(n)} ${state}`);
      const includeTexts: Record<IncludeState, string> = {
        works: "includes our hosts",
        absent: "not changed: use ssh -F, as printed",
        unread: unreadText(session),
      };
      const fields: [string, string][] = [
        ["Server", `${session.server}, version ${status.version}`],
        ["Installation", status.installation],
        ["Database", status.database],
        ["Cluster", `${cluster.state}${lastSeen}`],
        ["Reservations", counts.join(", ")],
        ["You", `${me.name} (${me.role}), signed in until ${localTime(me.tokenExpiresAt, now)}`],
        ["ssh config", includeTexts[await includeState(session)]],
        ["Client", `version ${VERSION}`],
      ];
      for (const line of renderFields(fields)) output.line(line.slice(2));
      if (status.database === "down" || cluster.state === "unknown") {
        throw new CliError(
          "unreachable",
          "A dependency is unavailable; the server will recover when it returns.",
        );
      }
    });
}
