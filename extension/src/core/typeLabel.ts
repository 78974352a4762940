import type { GpuType } from "@gpu-dev/shared/api/catalogue.ts";

/** "H100"; for CPU types the name that one asks for, as capitals say nothing there. */
export function typeLabel({ id, kind }: Pick<GpuType, "id" | "kind">): string {
  return kind === "cpu" ? id : id.toUpperCase();
}
