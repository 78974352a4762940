import { window } from "vscode";
import { disposeAll } from "../core/emitter.ts";
import type { Live } from "../live/live.ts";
import {
  type Answers,
  summary,
  typeOf,
  validateDiskName,
  validateName,
  withType,
} from "./answers.ts";
import { activeDiskId, diskChoices, durationChoices, durationId, imageChoices } from "./choices.ts";
import type { DiskAvailability } from "./diskAvailability.ts";
import { answersFrom, type LastChoice } from "./lastChoice.ts";
import { BACK, enterText, type Page, pickOne } from "./pages.ts";
import { answersQuoteText, promptWithAge } from "./startText.ts";
import {
  firstPosition,
  nextPosition,
  type Position,
  type Step,
  stepBefore,
  stepNumber,
  type StepResult,
  type WizardContext,
} from "./steps.ts";
import { activeTypeId, gpuChoices, typeChoices } from "./typeChoices.ts";

export interface WizardOptions {
  readonly live: Pick<Live, "state" | "onDidChange">;
  readonly diskAvailability: DiskAvailability;
  readonly now: () => Date;
  readonly context: WizardContext;
  readonly last: LastChoice | undefined;
}

/** Where a run of the wizard starts: at the first step, or at the step of a refused answer. */
export interface Start {
  readonly position: Position;
  /** The reason why the step is shown again. */
  readonly notice: string | undefined;
}

export function restart(answers: Answers, context: WizardContext): Start {
  return { position: firstPosition(answers, context), notice: undefined };
}

/** Shows the steps until all are answered; throws Dismissed if the user closes one. */
export async function runWizard(wizard: WizardOptions, start: Start): Promise<Answers> {
  const { context, live, diskAvailability } = wizard;
  let { position, notice } = start;
  // A text page shows the notice itself; a list has no room for it.
  if (notice !== undefined && position.step !== "name") void window.showWarningMessage(notice);
  for (;;) {
    const { step, answers } = position;
    const page: Page = {
      ...stepNumber(step, answers, context),
      canGoBack: stepBefore(step, answers, context) !== undefined,
      watch: (redraw) => disposeAll(live.onDidChange(redraw), diskAvailability.onDidChange(redraw)),
    };
    const result = await SHOW[step]({ ...wizard, answers, page, notice });
    const next = nextPosition(position, result, context);
    if (next === undefined) return result.kind === "answered" ? result.answers : answers;
    position = next;
    notice = undefined;
  }
}

interface StepOptions extends WizardOptions {
  readonly answers: Answers;
  readonly page: Page;
  readonly notice: string | undefined;
}

type ShowStep = (options: StepOptions) => Promise<StepResult>;

const showType: ShowStep = async (options) => {
  const { live, diskAvailability, context, last, answers } = options;
  const choices = () =>
    typeChoices(
      context.catalogue,
      { disks: live.state.disks, availabilityOf: diskAvailability.of },
      last,
    );
  const picked = await pickOne({
    ...pickPage(options, "Select a type"),
    choices,
    activeId: activeTypeId(choices(), answers, live.state.availability),
  });
  if (picked === BACK) return { kind: "back" };
  return picked.kind === "again"
    ? { kind: "answered", answers: answersFrom(picked.last), goTo: "name" }
    : { kind: "answered", answers: withType(answers, picked.type) };
};

const showGpus: ShowStep = async (options) => {
  const { live, context, answers } = options;
  const type = typeOf(context.catalogue, answers);
  if (type === undefined) return { kind: "back" };
  const gpus = await pickOne({
    ...pickPage(options, "Select the number of GPUs"),
    choices: () => gpuChoices(type, live.state),
    activeId: `gpus/${String(answers.gpus)}`,
  });
  return gpus === BACK ? { kind: "back" } : { kind: "answered", answers: { ...answers, gpus } };
};

const showDuration: ShowStep = async (options) => {
  const { context, answers, now } = options;
  const { durationSeconds: chosen } = answers;
  const type = typeOf(context.catalogue, answers);
  if (type === undefined) return { kind: "back" };
  const durationSeconds = await pickOne({
    ...pickPage(options, "Select a duration, or type one such as 90m, 1h30 or 1.5 h"),
    choices: (typed) => durationChoices(type, { typed, chosen, now: now() }),
    activeId: chosen === undefined ? undefined : durationId(chosen),
  });
  if (durationSeconds === BACK) return { kind: "back" };
  return { kind: "answered", answers: { ...answers, durationSeconds } };
};

const showDisk: ShowStep = async (options) => {
  const { live, diskAvailability, context, answers, now } = options;
  const availabilityOf = diskAvailability.of;
  const picked = await pickOne({
    ...pickPage(options, "Select a disk; its files are kept for later reservations"),
    choices: () =>
      diskChoices(context.catalogue, { disks: live.state.disks, availabilityOf }, answers, now()),
    activeId: activeDiskId(answers),
  });
  if (picked === BACK) return { kind: "back" };
  const makesDisk = picked.kind === "new";
  const keptName = makesDisk && answers.makesDisk ? answers.disk : undefined;
  const disk = picked.kind === "named" ? picked.name : keptName;
  return { kind: "answered", answers: { ...answers, disk, makesDisk } };
};

const showNewDisk: ShowStep = async ({ live, context, answers, page, notice }) => {
  const size = String(context.catalogue.disks.defaultSizeGib);
  const disk = await enterText({
    ...page,
    notice,
    prompt: () => `Enter a name for the new disk (${size} GiB)`,
    placeholder: "work",
    value: answers.makesDisk ? (answers.disk ?? "") : "",
    validate: (typed) => validateDiskName(typed, live.state.disks),
  });
  return disk === BACK ? { kind: "back" } : { kind: "answered", answers: { ...answers, disk } };
};

const showImage: ShowStep = async (options) => {
  const { context, answers } = options;
  const { catalogue } = context;
  const preset = catalogue.images.find((image) => image.default)?.id;
  const image = await pickOne({
    ...pickPage(options, "Select an image"),
    choices: () => imageChoices(catalogue),
    activeId: `image/${answers.image ?? preset ?? ""}`,
  });
  return image === BACK ? { kind: "back" } : { kind: "answered", answers: { ...answers, image } };
};

const showName: ShowStep = async ({ live, diskAvailability, context, answers, page, notice }) => {
  const name = await enterText({
    ...page,
    notice,
    prompt: () => {
      const quote = answersQuoteText(context.catalogue, diskAvailability.of, answers);
      return `Reserve ${summary(answers)}: ${quote}`;
    },
    placeholder: "Name (leave empty to have one generated)",
    value: answers.name,
    validate: (typed) => validateName(typed, live.state.reservations),
  });
  return name === BACK ? { kind: "back" } : { kind: "answered", answers: { ...answers, name } };
};

const SHOW: Readonly<Record<Step, ShowStep>> = {
  type: showType,
  gpus: showGpus,
  duration: showDuration,
  disk: showDisk,
  newDisk: showNewDisk,
  image: showImage,
  name: showName,
};

function pickPage({ live, now, page, notice }: StepOptions, prompt: string) {
  return { ...page, placeholder: () => notice ?? promptWithAge(prompt, live.state, now()) };
}
