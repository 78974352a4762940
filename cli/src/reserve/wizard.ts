import type { Catalogue, GpuType } from "@gpu-dev/shared/api/catalogue.ts";
import type { CreateReservation } from "@gpu-dev/shared/api/reservation.ts";
import type { Availability } from "@gpu-dev/shared/api/resources.ts";
import { formatDuration, parseDurationSeconds } from "@gpu-dev/shared/durations.ts";
import { NAME_PATTERN } from "@gpu-dev/shared/names.ts";
import { CliError } from "../output/exitCodes.ts";
import { answered, loadPrompts } from "../output/prompts.ts";
import type { Session } from "../session/session.ts";

const NOTHING = "Nothing was reserved.";
/** The rule in words that fit one line of a terminal. */
const NAME_ADVICE = "Lower-case letters, digits, single hyphens; a letter first; 32 at most";
const NO_DISK = "";
const NEW_DISK = "+";

/**
 * Asks for what a reservation needs; every choice shows what is free now. Ctrl-C anywhere: nothing
 * is made.
 */
export async function runWizard(session: Session): Promise<CreateReservation> {
  const { client } = session;
  const [catalogue, availability, disks] = await Promise.all([
    client.call("getCatalogue"),
    client.call("getAvailability"),
    client.call("listDisks"),
  ]);
  const type = await askType(catalogue, availability);
  const gpus = await askGpus(type, availability);
  const durationSeconds = await askDuration(type);
  const free = disks.items.filter((disk) => disk.heldBy === null).map((disk) => disk.name);
  const disk = await askDisk(free);
  const name = await askName();
  const request = { gpuType: type.id, gpus, durationSeconds, disk, image: null };
  await confirmRequest(request);
  return name === "" ? request : { ...request, name };
}

async function askType(catalogue: Catalogue, availability: Availability): Promise<GpuType> {
  const { select } = await loadPrompts();
  const options = catalogue.types.map((type) => {
    const seen = availability.types.find((candidate) => candidate.type === type.id);
    const queued = seen === undefined || seen.queued === 0 ? "" : `, ${String(seen.queued)} queued`;
    const what = type.kind === "cpu" ? "slots" : "GPUs";
    const hint =
      seen === undefined
        ? "not seen yet"
        : `${String(seen.freeGpus)} of ${String(seen.healthyGpus)} ${what} free${queued}`;
    return { value: type.id, label: `${type.id.padEnd(8)} ${type.title} (${hint})` };
  });
  const id = await answered(select({ message: "Which type?", options }), NOTHING);
  const type = catalogue.types.find((candidate) => candidate.id === id);
  if (type === undefined) throw new CliError("unexpected", `The catalogue lost its type ${id}.`);
  return type;
}

async function askGpus(type: GpuType, availability: Availability): Promise<number> {
  const [only] = type.counts;
  if (type.counts.length === 1 && only !== undefined) return only;
  const { select } = await loadPrompts();
  const seen = availability.types.find((candidate) => candidate.type === type.id);
  const options = type.counts.map((count) => {
    const fits = seen?.fitsNow.find((fit) => fit.gpus === count)?.reservations ?? 0;
    return { value: count, label: `${String(count)} (${fits > 0 ? "starts now" : "would queue"})` };
  });
  return await answered(select({ message: "How many GPUs?", options }), NOTHING);
}

async function askDuration(type: GpuType): Promise<number> {
  const { text } = await loadPrompts();
  const { minSeconds, maxSeconds } = type.limits;
  const range = `${formatDuration(minSeconds)} to ${formatDuration(maxSeconds)}`;
  const answer = await answered(
    text({
      message: `For how long? (${range})`,
      initialValue: "1h",
      validate: (value) => {
        const seconds = parseDurationSeconds(value ?? "");
        if (seconds === null) return "A time like 90m, 2h or 1h30m";
        return seconds < minSeconds || seconds > maxSeconds ? `Between ${range}` : undefined;
      },
    }),
    NOTHING,
  );
  return parseDurationSeconds(answer) ?? minSeconds;
}

async function askDisk(free: readonly string[]): Promise<string | null> {
  const { select, text } = await loadPrompts();
  const choice = await answered(
    select({
      message: "Which disk?",
      options: [
        ...free.map((name) => ({ value: name, label: name })),
        { value: NEW_DISK, label: "a new disk" },
        { value: NO_DISK, label: "none: files are deleted at the end" },
      ],
    }),
    NOTHING,
  );
  if (choice === NO_DISK) return null;
  if (choice !== NEW_DISK) return choice;
  const validate = (value: string | undefined) =>
    NAME_PATTERN.test(value ?? "") ? undefined : NAME_ADVICE;
  return await answered(text({ message: "Name of the new disk?", validate }), NOTHING);
}

async function askName(): Promise<string> {
  const { text } = await loadPrompts();
  const validate = (value: string | undefined) =>
    value === undefined || value === "" || NAME_PATTERN.test(value) ? undefined : NAME_ADVICE;
  const message = "Name of the reservation? (empty: one is chosen)";
  return (await answered(text({ message, validate, defaultValue: "" }), NOTHING)).trim();
}

async function confirmRequest(request: {
  gpuType: string;
  gpus: number;
  durationSeconds: number;
  disk: string | null;
}): Promise<void> {
  const { confirm } = await loadPrompts();
  const { gpuType, gpus, durationSeconds, disk } = request;
  const what = gpus === 0 ? gpuType : `${String(gpus)} x ${gpuType}`;
  const files = disk === null ? "without a disk" : `with the disk ${disk}`;
  const message = `Reserve ${what} for ${formatDuration(durationSeconds)}, ${files}?`;
  if (!(await answered(confirm({ message }), NOTHING))) throw new CliError("interrupted", NOTHING);
}
