import { Command } from "commander";
import { addAvail } from "./commands/avail.ts";
import { addCancel } from "./commands/cancel.ts";
import { addCompletion } from "./commands/completion.ts";
import { addConfig } from "./commands/config.ts";
import { addConnect } from "./commands/connect.ts";
import { addDisk } from "./commands/disk.ts";
import { addExplain } from "./commands/explain.ts";
import { addExtend } from "./commands/extend.ts";
import { addGetSshConfig } from "./commands/getSshConfig.ts";
import { addHelp } from "./commands/help.ts";
import { addList } from "./commands/list.ts";
import { addLogin } from "./commands/login.ts";
import { addLogout } from "./commands/logout.ts";
import { addLogs } from "./commands/logs.ts";
import { addReserve } from "./commands/reserve.ts";
import { addSetup } from "./commands/setup.ts";
import { addShow } from "./commands/show.ts";
import { addStatus } from "./commands/status.ts";
import { VERSION } from "./version.ts";

export function buildProgram(): Command {
  const program = new Command("gpu-dev")
    .description("Reserve GPU servers, and work on them over SSH.")
    .version(VERSION, "--version", "print the version")
    .option("--server <url>", "the server to talk to (else GPU_DEV_SERVER, else the configuration)")
    .option("--json", "print the result as JSON on stdout, and a problem as JSON on stderr")
    .option("--no-color", "no colours (NO_COLOR does the same)")
    .option("--verbose", "on an error: causes and the request's id")
    .helpOption("-h, --help", "show help")
    .helpCommand(false)
    .showHelpAfterError('(try "gpu-dev help")')
    .exitOverride()
    .addHelpText("after", EXAMPLES);
  const add = [
    ...[addSetup, addLogin, addLogout, addAvail, addReserve, addList, addShow, addConnect],
    ...[addExtend, addCancel, addGetSshConfig, addLogs, addStatus, addDisk, addConfig],
    ...[addCompletion, addHelp, addExplain],
  ];
  for (const register of add) register(program);
  return program;
}

const EXAMPLES = `
Examples:
  gpu-dev setup                            the first time
  gpu-dev avail                            what is free
  gpu-dev reserve -t h100 -g 2 --hours 4   reserve, and wait until it is ready
  gpu-dev connect demo                     a shell on it
  gpu-dev list                             what you have`;
