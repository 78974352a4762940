import { spawn } from "node:child_process";

/**
 * Ends another process when this one dies, even by SIGKILL, for a program that cannot watch its
 * parent. A shell reads from a pipe whose other end only this process holds; the kernel closes the
 * pipe when this process ends. Returns a function that stops the watchdog.
 */
export function endWithThisProcess(pid: number, signalName: "INT" | "TERM" | "KILL"): () => void {
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
