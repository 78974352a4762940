import { spawn } from "node:child_process";

/**
 * Ends a process that cannot watch us itself when we die without a chance to say so (SIGKILL). A shell waits on a
 * pipe whose other end only we hold: the kernel closes it with us. Returns what calls the watchdog off.
 */
export function endWithUs(pid: number, signalName: "INT" | "TERM" | "KILL"): () => void {
  const script = 'read -r _; kill -s "$1" "$2"';
  const shell = spawn("/bin/sh", ["-c", script, "sh", signalName, String(pid)], {
    cwd: "/",
    env: {},
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  shell.unref();
  return () => {
    shell.kill("SIGKILL");
  };
}
