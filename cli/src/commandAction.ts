import type { Command } from "commander";
import { type GlobalOptions, openSession, type Session } from "./session.ts";

/** Opens the session for a command from its own and the global options. */
export async function sessionFor(command: Command): Promise<Session> {
  return await openSession(command.optsWithGlobals<GlobalOptions>());
}
