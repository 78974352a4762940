import { workspace } from "vscode";
import type { Here } from "../connect/remoteWindow.ts";
import { hereFrom } from "./here.ts";

/** Which reservation this window is of, as far as the window itself tells. */
export function hereNow(reservationId: string | undefined): Here {
  const uris = [
    ...(workspace.workspaceFolders ?? []).map(({ uri }) => uri),
    workspace.workspaceFile,
  ];
  const authorities = uris.flatMap((uri) => (uri?.scheme === "vscode-remote" ? uri.authority : []));
  return hereFrom({ authorities, reservationId });
}
