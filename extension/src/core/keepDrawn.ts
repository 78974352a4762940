import type { Live } from "../live/liveState.ts";
import type { Disposable } from "./emitter.ts";
import { redrawDelayMs } from "./lease.ts";

/** Draws now, after each change of the state, and whenever a text that counts down is no longer true. */
export function keepDrawn(options: {
  readonly live: Pick<Live, "state" | "onDidChange">;
  readonly now: () => Date;
  readonly draw: () => void;
}): Disposable {
  const { live, now, draw } = options;
  let timer: NodeJS.Timeout | undefined;
  const redraw = () => {
    clearTimeout(timer);
    timer = setTimeout(redraw, redrawDelayMs(live.state.reservations ?? [], now()));
    draw();
  };
  const listening = live.onDidChange(redraw);
  redraw();
  return {
    dispose: () => {
      clearTimeout(timer);
      listening.dispose();
    },
  };
}
