import type { Disk } from "@gpu-dev/shared/api/resources.ts";
import { formatClockTime } from "../core/text.ts";
import { formatDiskUse } from "../core/text.ts";
import type { LiveState } from "../live/live.ts";
import { row } from "./rows.ts";
import { tooltip } from "./tooltip.ts";
import type { TreeNode } from "./treeNode.ts";

/** The Disks view, by name. */
export function diskNodes(state: LiveState, now: Date): readonly TreeNode[] {
  return [...(state.disks ?? [])]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((disk) => diskRow(disk, now));
}

function diskRow(disk: Disk, now: Date): TreeNode {
  const size = `${String(disk.sizeGib)} GiB`;
  const held = disk.heldBy && formatDiskUse(disk.heldBy, now);
  const zone = disk.zone ?? "no zone yet";
  const words = held === null ? [size, zone] : [held, size, zone];
  return row({
    id: `disk/${disk.id}`,
    label: disk.name,
    description: words.join(", "),
    tooltip: tooltip(
      `${disk.name}: ${words.join(", ")}`,
      disk.zone === null ? "It gets a zone with its first use." : null,
      disk.lastUsedAt === null
        ? "Never used."
        : `Last used ${formatClockTime(new Date(disk.lastUsedAt), now)}.`,
    ),
    spoken: `disk ${disk.name}, ${held ?? "free"}, ${size}, ${zone}`,
    icon:
      held === null
        ? { id: "database", color: "testing.iconPassed" }
        : { id: "lock", color: "list.warningForeground" },
    kind: held === null ? "disk.free" : "disk.held",
    target: { kind: "disk", name: disk.name },
  });
}
