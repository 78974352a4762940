import type { Option } from "commander";

/** The values that completion looks up, or leaves to the shell ("files"). */
export type ValueKind =
  | "types"
  | "counts"
  | "disks"
  | "images"
  | "users"
  | "servers"
  | "files"
  | "ssh-include"
  | "commands"
  | "reservations"
  | "live-reservations"
  | "ready-reservations"
  | "key-ids";

/** By the long name of the option. A unit test demands an entry here or in FREE_VALUES. */
const OPTION_VALUES: Readonly<Record<string, ValueKind>> = {
  "--as": "users",
  "--disk": "disks",
  "--gpu-type": "types",
  "--gpus": "counts",
  "--identity": "files",
  "--image": "images",
  "--server": "servers",
};

/** Options whose values are free text, which nothing can complete. */
export const FREE_VALUES: readonly string[] = [
  "--hours",
  "--duration",
  "--name",
  "--label",
  "--tail",
];

/** By the path of the command. */
const ARGUMENT_VALUES: Readonly<Record<string, ValueKind>> = {
  cancel: "live-reservations",
  connect: "ready-reservations",
  extend: "live-reservations",
  "get-ssh-config": "ready-reservations",
  help: "commands",
  "key add": "files",
  "key remove": "key-ids",
  logs: "reservations",
  show: "reservations",
};

export function optionValues(option: Option): ValueKind | undefined {
  return OPTION_VALUES[option.long ?? ""];
}

export function argumentValues(path: string, before: readonly string[]): ValueKind | undefined {
  if (path !== "config set") return ARGUMENT_VALUES[path];
  const setting = before[0] ?? "";
  return { server: "servers", identity: "files", "ssh-include": "ssh-include" }[setting] as
    ValueKind | undefined;
}
