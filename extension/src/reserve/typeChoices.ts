import type { Catalogue, GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import { capitalize } from "../core/text.ts";
import { typeLabel } from "../core/text.ts";
import type { LiveState } from "../live/live.ts";
import { type Answers, summary } from "./answers.ts";
import type { Choice } from "./choice.ts";
import { answersFrom, isStillPossible, type LastChoice } from "./lastChoice.ts";
import { freeWords, startOf, startOfType } from "./startWords.ts";

const AGAIN = "again";

export type TypeAnswer =
  | { readonly kind: "type"; readonly type: GpuType }
  | { readonly kind: "again"; readonly last: LastChoice };

/** What was chosen last, where it can still be had; then the types, those that start now first. */
export function typeChoices(
  catalogue: Catalogue,
  state: Pick<LiveState, "availability" | "disks">,
  last: LastChoice | null,
): Choice<TypeAnswer>[] {
  const { availability } = state;
  const rows = catalogue.types.map((type) => ({ type, start: startOfType(type, availability) }));
  const sorted = [
    ...rows.filter(({ start }) => start.isNow),
    ...rows.filter(({ start }) => !start.isNow),
  ];
  const types = sorted.map(({ type, start }): Choice<TypeAnswer> => {
    const title = type.kind === "cpu" ? type.title : `${type.title}, ${sizesWords(type)}`;
    return {
      id: `type/${type.id}`,
      label: typeLabel(type),
      description: freeWords(type, availability),
      detail: `${capitalize(start.words)} (${title})`,
      pick: { value: { kind: "type", type } },
    };
  });
  return [...againChoice(catalogue, state, last), ...types];
}

/** Going back comes to the type that was chosen; at first, Enter takes the last choice or what starts now. */
export function activeTypeId(
  rows: readonly Choice<TypeAnswer>[],
  { gpuType }: Pick<Answers, "gpuType">,
): string | null {
  const [first] = rows;
  if (first?.id === AGAIN) return AGAIN;
  return gpuType === null ? null : `type/${gpuType}`;
}

/** Each size of the type, and whether it starts now. */
export function gpuChoices(
  type: GpuType,
  state: Pick<LiveState, "availability">,
): Choice<number>[] {
  return offeredCounts(type).map((count) => ({
    id: `gpus/${String(count)}`,
    label: count === 1 ? "1 GPU" : `${String(count)} GPUs`,
    description: startOf(type, count, state.availability).words,
    pick: { value: count },
  }));
}

export function imageChoices(catalogue: Catalogue): Choice<string>[] {
  return catalogue.images.map(({ id, title, default: isDefault }) => ({
    id: `image/${id}`,
    label: title,
    description: isDefault ? `${id}, the default` : id,
    pick: { value: id },
  }));
}

/** What no node could ever hold is not offered. */
function offeredCounts({ counts, node }: GpuType): number[] {
  return counts.filter((count) => count <= node.gpus);
}

function sizesWords(type: GpuType): string {
  const words = offeredCounts(type).map(String);
  const last = words.pop() ?? "";
  return words.length === 0 ? `${last} GPUs` : `${words.join(", ")} or ${last} GPUs`;
}

function againChoice(
  catalogue: Catalogue,
  state: Pick<LiveState, "availability" | "disks">,
  last: LastChoice | null,
): Choice<TypeAnswer>[] {
  const type = catalogue.types.find(({ id }) => id === last?.gpuType);
  if (last === null || type === undefined) return [];
  if (!isStillPossible(last, catalogue, state.disks)) return [];
  const zone = state.disks?.find(({ name }) => name === last.disk)?.zone ?? null;
  const start = startOf(type, last.gpus, state.availability, zone);
  return [
    {
      id: AGAIN,
      label: `Like last time: ${summary(answersFrom(last))}`,
      detail: capitalize(start.words),
      icon: "history",
      pick: { value: { kind: "again", last } },
    },
  ];
}
