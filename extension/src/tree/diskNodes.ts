import type { Disk } from "@gpu-dev/client/http/responses.ts";
import { formatClockTime, formatDiskUse } from "../core/text.ts";
import type { LiveState } from "../live/stateKeeper.ts";
import { row, tooltip, type TreeNode } from "./treeNode.ts";

/** The Disks view, sorted by name. */
export function diskNodes(state: LiveState, now: Date): readonly TreeNode[] {
  return [...(state.disks ?? [])]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((disk) => diskRow(disk, now));
}

function diskRow(disk: Disk, now: Date): TreeNode {
  const size = `${String(disk.sizeGib)} GiB`;
  const use = disk.heldBy && formatDiskUse(disk.heldBy, now);
  const zone = disk.zone ?? "no zone yet";
  const parts = use === undefined ? [size, zone] : [use, size, zone];
  return row({
    id: `disk/${disk.id}`,
    label: disk.name,
    description: parts.join(", "),
    tooltip: tooltip(
      `${disk.name}: ${parts.join(", ")}`,
      disk.zone === undefined ? "Its zone is set on first use." : undefined,
      use === undefined ? lastUseText(disk, now) : undefined,
    ),
    spoken: `disk ${disk.name}, ${use ?? "free"}, ${size}, ${zone}`,
    icon:
      use === undefined
        ? { id: "database", color: "testing.iconPassed" }
        : { id: "lock", color: "list.warningForeground" },
    kind: use === undefined ? "disk.free" : "disk.held",
    target: { kind: "disk", name: disk.name },
  });
}

/** For a free disk: a disk in use is being used now. */
function lastUseText({ lastUsedAt }: Disk, now: Date): string {
  if (lastUsedAt === undefined) return "Never used.";
  return `Last used ${formatClockTime(new Date(lastUsedAt), now)}.`;
}
