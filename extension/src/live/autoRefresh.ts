import type { Disposable } from "../core/emitter.ts";
import { nextRefreshMs } from "../core/lease.ts";
import type { Live } from "./live.ts";

/**
 * Calls `draw` now, after each change of the state, and whenever a shown countdown is no longer
 * correct.
 */
export function autoRefresh(options: {
  readonly live: Pick<Live, "state" | "onDidChange">;
  readonly now: () => Date;
  readonly draw: () => void;
}): Disposable {
  const { live, now, draw } = options;
  let timer: NodeJS.Timeout | undefined;
  const refresh = () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, nextRefreshMs(live.state.reservations ?? [], now()));
    draw();
  };
  const subscription = live.onDidChange(refresh);
  refresh();
  return {
    dispose: () => {
      clearTimeout(timer);
      subscription.dispose();
    },
  };
}
