import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import { createEmitter, type Disposable } from "../core/emitter.ts";
import { Dismissed, failureText } from "../core/errors.ts";
import type { Live } from "../live/live.ts";
import type { Choice } from "./choice.ts";
import { BACK } from "./page.ts";
import { pickOne } from "./pickPage.ts";

/**
 * The catalogue, at once where it is known. Else a busy page until it is read, and a way to try again when the
 * server does not answer.
 */
export async function waitForCatalogue(
  live: Pick<Live, "state" | "onDidChange" | "refresh">,
): Promise<Catalogue> {
  for (;;) {
    const { catalogue } = live.state;
    if (catalogue !== null) return catalogue;
    const answer = await showWaiting(live);
    if (answer === BACK) throw new Dismissed();
    if (answer !== RETRY) return answer;
  }
}

const RETRY = "retry";
const FIRST = { step: 1, totalSteps: 5, canGoBack: false };

async function showWaiting(
  live: Pick<Live, "state" | "onDidChange" | "refresh">,
): Promise<Catalogue | typeof RETRY | typeof BACK> {
  const answered = createEmitter<null>();
  let failure: unknown = null;
  live
    .refresh()
    .catch((error: unknown) => {
      failure = error;
    })
    .finally(() => {
      answered.fire(null);
    });
  return await pickOne<Catalogue | typeof RETRY>({
    ...FIRST,
    activeId: null,
    isBusy: () => failure === null,
    placeholder: () => (failure === null ? "Asking the server..." : "The server does not answer"),
    choices: () => (failure === null ? [] : [retryChoice(failure)]),
    settled: () => live.state.catalogue,
    watch: (redraw) => both(live.onDidChange(redraw), answered.on(redraw)),
  });
}

function retryChoice(failure: unknown): Choice<typeof RETRY> {
  return {
    id: RETRY,
    label: "Retry",
    detail: failureText(failure),
    icon: "refresh",
    pick: { value: RETRY },
  };
}

function both(...disposables: readonly Disposable[]): Disposable {
  return {
    dispose: () => {
      for (const each of disposables) each.dispose();
    },
  };
}
