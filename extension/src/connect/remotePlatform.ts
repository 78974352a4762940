import { ConfigurationTarget, workspace } from "vscode";
import { withLinux } from "./remoteSsh.ts";

/**
 * Tells Remote-SSH that a host is Linux, so that nobody is asked on the first connection. Other hosts stay as they are;
 * an editor whose Remote-SSH has no such setting is left alone.
 */
export async function setRemotePlatform(section: string, host: string): Promise<void> {
  const key = `${section}.remotePlatform`;
  const known = workspace.getConfiguration().inspect<unknown>(key);
  if (known?.defaultValue === undefined) return;
  const next = withLinux(known.globalValue, host);
  if (next === null) return;
  await workspace.getConfiguration().update(key, next, ConfigurationTarget.Global);
}
