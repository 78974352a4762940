import type { LiveHost } from "@gpu-dev/client/ssh/hostState.ts";
import { reservationId } from "@gpu-dev/shared/ids.ts";

/** A host of the user "ada" whose id, name and port are derived from `n`. */
export function liveHost(n: number, overrides: Partial<LiveHost> = {}): LiveHost {
  return {
    id: reservationId.parse(String(n).padStart(16, "0")),
    name: `box${String(n)}`,
    owner: "ada",
    own: true,
    generation: 1,
    host: "127.0.0.1",
    port: 20_000 + n,
    user: "dev",
    hostKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFakeFakeFakeFakeFakeFakeFakeFakeFakeFake"],
    workspacePath: "/workspace",
    ...overrides,
  };
}
