import { openHostFiles } from "@gpu-dev/client/ssh/hostFiles.ts";
import { realFileSystem } from "@gpu-dev/client/ssh/fileSystem.ts";
import { systemClock } from "@gpu-dev/client/clock.ts";
import { liveHost } from "./sshHostFixtures.ts";

/** A program of its own: adds the hosts `first` to `last`, each in one synchronization. */
const [ownDir = "", first = "0", last = "0"] = process.argv.slice(2);
const files = openHostFiles({
  fs: realFileSystem,
  platform: process.platform,
  ownDir,
  server: "127.0.0.1:8710",
  identityFile: `${ownDir}/ssh/id_ed25519`,
  explainCommand: [process.execPath, "/nowhere/gpu-dev.js"],
  now: systemClock.now,
});
for (let n = Number(first); n <= Number(last); n += 1) {
  await files.sync({ me: "ada", live: [liveHost(n)], ended: [] });
}
