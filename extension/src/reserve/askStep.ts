import type { Catalogue } from "@gpu-dev/shared/api/catalogue.ts";
import type { Live } from "../live/live.ts";
import { type Answers, summary, typeOf, withType } from "./answers.ts";
import { activeDiskId, diskChoices } from "./diskChoices.ts";
import { durationChoices, durationId } from "./durationChoices.ts";
import { answersFrom, type LastChoice } from "./lastChoice.ts";
import { refuseDiskName, refuseName } from "./names.ts";
import { BACK, type Page } from "./page.ts";
import { pickOne } from "./pickPage.ts";
import { placeholderOf, answersStart } from "./pageText.ts";
import type { Move, Step } from "./steps.ts";
import { enterText } from "./textPage.ts";
import { activeTypeId, gpuChoices, imageChoices, typeChoices } from "./typeChoices.ts";

export interface StepContext {
  readonly live: Pick<Live, "state" | "onDidChange">;
  readonly now: () => Date;
  readonly catalogue: Catalogue;
  readonly last: LastChoice | null;
  readonly answers: Answers;
  readonly page: Page;
  /** Why this step is asked again; null: it is not. */
  readonly notice: string | null;
}

/** Shows one step and says what the person did there; throws Dismissed when it was closed. */
export async function askStep(step: Step, context: StepContext): Promise<Move> {
  return await ASK[step](context);
}

const ASK: Readonly<Record<Step, (context: StepContext) => Promise<Move>>> = {
  type: async (context) => {
    const { live, catalogue, last, answers } = context;
    const choices = () => typeChoices(catalogue, live.state, last);
    const picked = await pickOne({
      ...shared(context, "Which type"),
      choices,
      activeId: activeTypeId(choices(), answers),
    });
    if (picked === BACK) return { kind: "back" };
    return picked.kind === "again"
      ? { kind: "answered", answers: answersFrom(picked.last), goTo: "name" }
      : { kind: "answered", answers: withType(answers, picked.type) };
  },
  gpus: async (context) => {
    const { live, catalogue, answers } = context;
    const type = typeOf(catalogue, answers);
    if (type === null) return { kind: "back" };
    const gpus = await pickOne({
      ...shared(context, "How many GPUs"),
      choices: () => gpuChoices(type, live.state),
      activeId: `gpus/${String(answers.gpus)}`,
    });
    return gpus === BACK ? { kind: "back" } : { kind: "answered", answers: { ...answers, gpus } };
  },
  duration: async (context) => {
    const { catalogue, answers, now } = context;
    const { durationSeconds: chosen } = answers;
    const type = typeOf(catalogue, answers);
    if (type === null) return { kind: "back" };
    const durationSeconds = await pickOne({
      ...shared(context, "For how long: pick one, or type a time such as 90m, 1h30 or 1.5 h"),
      choices: (typed) => durationChoices(type, { typed, chosen, now: now() }),
      activeId: chosen === null ? null : durationId(chosen),
    });
    if (durationSeconds === BACK) return { kind: "back" };
    return { kind: "answered", answers: { ...answers, durationSeconds } };
  },
  disk: async (context) => {
    const { live, catalogue, answers, now } = context;
    const picked = await pickOne({
      ...shared(context, "Which disk: its files are there again in the next reservation"),
      choices: () => diskChoices(catalogue, live.state, answers, now()),
      activeId: activeDiskId(answers),
    });
    if (picked === BACK) return { kind: "back" };
    const makesDisk = picked.kind === "new";
    const keptName = makesDisk && answers.makesDisk ? answers.disk : null;
    const disk = picked.kind === "named" ? picked.name : keptName;
    return { kind: "answered", answers: { ...answers, disk, makesDisk } };
  },
  newDisk: async (context) => {
    const { live, catalogue, answers } = context;
    const size = String(catalogue.disks.defaultSizeGib);
    const disk = await enterText({
      ...watched(context),
      prompt: () => `Name of the new disk, ${size} GiB`,
      placeholder: "work",
      value: answers.makesDisk ? (answers.disk ?? "") : "",
      refuse: (typed) => refuseDiskName(typed, live.state.disks),
    });
    return disk === BACK ? { kind: "back" } : { kind: "answered", answers: { ...answers, disk } };
  },
  image: async (context) => {
    const { catalogue, answers } = context;
    const preset = catalogue.images.find((image) => image.default)?.id;
    const image = await pickOne({
      ...shared(context, "Which image"),
      choices: () => imageChoices(catalogue),
      activeId: `image/${answers.image ?? preset ?? ""}`,
    });
    return image === BACK ? { kind: "back" } : { kind: "answered", answers: { ...answers, image } };
  },
  name: async (context) => {
    const { live, catalogue, answers } = context;
    const name = await enterText({
      ...watched(context),
      prompt: () => `Reserve ${summary(answers)}: ${answersStart(catalogue, live.state, answers)}`,
      placeholder: "Name; leave it empty to have one chosen",
      value: answers.name,
      refuse: (typed) => refuseName(typed, live.state.reservations),
    });
    return name === BACK ? { kind: "back" } : { kind: "answered", answers: { ...answers, name } };
  },
};

/** What every page has that shows live state. */
function watched({ live, page, notice }: StepContext) {
  const watch = (redraw: () => void) => live.onDidChange(redraw);
  return { ...page, notice, watch };
}

function shared(context: StepContext, question: string) {
  const { live, now, notice } = context;
  return {
    ...watched(context),
    placeholder: () => notice ?? placeholderOf(question, live.state, now()),
  };
}
