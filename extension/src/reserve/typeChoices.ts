import { capitalize } from "@gpu-dev/shared/text.ts";
import type { Availability, Catalogue, Disk, GpuType } from "@gpu-dev/client/http/responses.ts";
import { typeLabel } from "@gpu-dev/client/text/reservationText.ts";
import { orList } from "../core/text.ts";
import type { LiveState } from "../live/stateKeeper.ts";
import { type Answers, summary } from "./answers.ts";
import type { Choice } from "./choices.ts";
import { answersFrom, isStillPossible, type LastChoice } from "./lastChoice.ts";
import { type AvailabilityOf, startsNowText, quoteText, typeQuoteText } from "./startText.ts";

const AGAIN = "again";

export type TypeAnswer =
  | { readonly kind: "type"; readonly type: GpuType }
  | { readonly kind: "again"; readonly last: LastChoice };

export interface TypeChoiceState {
  readonly disks: readonly Disk[] | undefined;
  readonly availabilityOf: AvailabilityOf;
}

/** The last choice, if it is still possible; then the types, those that start now first. */
export function typeChoices(
  catalogue: Catalogue,
  state: TypeChoiceState,
  last: LastChoice | undefined,
): Choice<TypeAnswer>[] {
  const availability = state.availabilityOf(undefined);
  const rows = catalogue.types.map((type) => ({ type, quote: typeQuoteText(type, availability) }));
  const sorted = [
    ...rows.filter(({ quote }) => quote.isNow),
    ...rows.filter(({ quote }) => !quote.isNow),
  ];
  const types = sorted.map(({ type, quote }): Choice<TypeAnswer> => {
    const title = type.kind === "cpu" ? type.title : `${type.title}, ${sizesText(type)}`;
    return {
      id: `type/${type.id}`,
      label: typeLabel(type.id, type.kind),
      description: startsNowText(type, availability),
      detail: quote.isNow ? type.title : `${capitalize(quote.long)} (${title})`,
      pick: { value: { kind: "type", type } },
    };
  });
  return [...againChoice(catalogue, state, last), ...types];
}

/**
 * The line to select: the last choice, after going back the chosen type, otherwise the cheapest GPU
 * type that starts now, so that Enter alone does not take the scarcest one. Undefined:
 * the first line.
 */
export function activeTypeId(
  rows: readonly Choice<TypeAnswer>[],
  { gpuType }: Pick<Answers, "gpuType">,
  availability: Availability | undefined,
): string | undefined {
  const [first] = rows;
  if (first?.id === AGAIN) return AGAIN;
  if (gpuType !== undefined) return `type/${gpuType}`;
  const gpus = rows.flatMap(({ pick }) =>
    "value" in pick && pick.value.kind === "type" && pick.value.type.kind === "gpu"
      ? [pick.value.type]
      : [],
  );
  const starting = gpus.filter((type) => typeQuoteText(type, availability).isNow);
  const candidates = starting.length > 0 ? starting : gpus;
  const [cheapest] = candidates.toSorted((a, b) => priceOf(a) - priceOf(b));
  return cheapest === undefined ? undefined : `type/${cheapest.id}`;
}

/** The catalogue has no prices; the memory of a GPU orders the types as prices would. */
function priceOf({ gpuMemoryGib }: GpuType): number {
  return gpuMemoryGib;
}

/** The sizes of a type with their quotes. */
export function gpuChoices(
  type: GpuType,
  state: Pick<LiveState, "availability">,
): Choice<number>[] {
  return offeredCounts(type).map((count) => {
    const { short, reason } = quoteText(type, count, state.availability);
    return {
      id: `gpus/${String(count)}`,
      label: count === 1 ? "1 GPU" : `${String(count)} GPUs`,
      description: short,
      ...(reason === undefined ? {} : { detail: reason }),
      pick: { value: count },
    };
  });
}

/** The wizard offers only sizes that fit on one node. */
function offeredCounts({ counts, node }: GpuType): number[] {
  return counts.filter((count) => count <= node.gpus);
}

/** "1, 2 or 4 GPUs". */
function sizesText(type: GpuType): string {
  return `${orList(offeredCounts(type))} GPUs`;
}

function againChoice(
  catalogue: Catalogue,
  { disks, availabilityOf }: TypeChoiceState,
  last: LastChoice | undefined,
): Choice<TypeAnswer>[] {
  const type = catalogue.types.find(({ id }) => id === last?.gpuType);
  if (last === undefined || type === undefined) return [];
  if (!isStillPossible(last, catalogue, disks)) return [];
  const quote = quoteText(type, last.gpus, availabilityOf(last.disk));
  return [
    {
      id: AGAIN,
      label: `Same as last time: ${summary(answersFrom(last))}`,
      detail: capitalize(quote.long),
      icon: "history",
      pick: { value: { kind: "again", last } },
    },
  ];
}
