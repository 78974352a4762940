import { readdir, readFile } from "node:fs/promises";
import type { Stack } from "../stack.ts";
import type { Figure } from "../statistics.ts";

const WINDOW_MS = 20_000;
/** Linux counts CPU time in hundredths of a second (USER_HZ). */
const TICK_MS = 10;

interface Usage {
  readonly part: string;
  readonly rssMib: number;
  readonly cpuMs: number;
}

/**
 * Memory and CPU of every process of the system, with nothing reserved. Linux only: it reads /proc.
 */
export async function idle(stack: Stack): Promise<Figure[]> {
  const before = await usage(stack.root.pid ?? 0);
  await new Promise((resolve) => setTimeout(resolve, WINDOW_MS));
  const after = await usage(stack.root.pid ?? 0);
  const parts = new Map<string, { rssMib: number; cpuPercent: number }>();
  for (const [pid, { part, rssMib, cpuMs }] of after) {
    const spent = cpuMs - (before.get(pid)?.cpuMs ?? 0);
    const sum = parts.get(part) ?? { rssMib: 0, cpuPercent: 0 };
    parts.set(part, {
      rssMib: sum.rssMib + rssMib,
      cpuPercent: sum.cpuPercent + (100 * spent) / WINDOW_MS,
    });
  }
  const rounded = [...parts].map(
    ([part, { rssMib, cpuPercent }]) =>
      [part, { rssMib: Math.round(rssMib), cpuPercent: Math.round(cpuPercent * 10) / 10 }] as const,
  );
  return [
    {
      name: "idle",
      budget: "control plane 200 MB, 1 % of a core",
      figures: {
        ...Object.fromEntries(rounded),
        "whole system, MiB": rounded.reduce((sum, [, { rssMib }]) => sum + rssMib, 0),
        "start on an empty folder, s": stack.coldStartSeconds,
      },
    },
  ];
}

/** Proportional set sizes: pages that processes of PostgreSQL share count once. */
async function usage(rootPid: number): Promise<Map<number, Usage>> {
  const parents = new Map<number, number>();
  for (const entry of await readdir("/proc")) {
    const stat = await readFile(`/proc/${entry}/stat`, "utf8").catch(() => "");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (/^\d+$/.test(entry) && fields[1]) parents.set(Number(entry), Number(fields[1]));
  }
  const isOurs = (pid: number): boolean => {
    for (let at: number | undefined = pid; at; at = parents.get(at))
      if (at === rootPid) return true;
    return false;
  };
  const found = new Map<number, Usage>();
  for (const pid of parents.keys()) {
    if (!isOurs(pid)) continue;
    const command = await readFile(`/proc/${String(pid)}/cmdline`, "utf8").catch(() => "");
    const rollup = await readFile(`/proc/${String(pid)}/smaps_rollup`, "utf8").catch(() => "");
    const stat = await readFile(`/proc/${String(pid)}/stat`, "utf8").catch(() => "");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    found.set(pid, {
      part: partOf(command),
      rssMib: Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) / 1024,
      cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
    });
  }
  return found;
}

function partOf(command: string): string {
  if (command.includes("control-plane/src")) return "control plane";
  if (command.includes("dev-cluster/src")) return "dev cluster";
  if (command.includes("postgres")) return "postgresql";
  if (command.includes("local/src")) return "starter";
  return "other";
}
