import { enableInclude } from "@gpu-dev/client/ssh/userConfig.ts";
import type { Session } from "./session.ts";
import { userConfigOf, whyIncludeFails } from "./sshHosts.ts";

/** Adds the one Include line; the user has agreed. Returns what to say about it. */
export async function addInclude(session: Session): Promise<string> {
  const config = userConfigOf(session);
  const result = await enableInclude(config);
  const problem = await whyIncludeFails(session);
  const done = {
    added: `One Include line is now first in ${config.path}.`,
    "moved-first": `The Include line is now first in ${config.path}.`,
    already: `The Include line is in ${config.path} already.`,
    "included-by-hand": `${config.path} includes our hosts already, by a line of your own.`,
  }[result];
  return problem === null ? done : `${done} But: ${problem}`;
}
