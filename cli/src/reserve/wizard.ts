import type { CreateReservation } from "@gpu-dev/shared/api/reservation.ts";
import { formatDuration, parseDurationSeconds } from "@gpu-dev/shared/durations.ts";
import { NAME_PATTERN } from "@gpu-dev/shared/names.ts";
import type { Availability, Catalogue, GpuType } from "@gpu-dev/client/http/responses.ts";
import { startText } from "@gpu-dev/client/text/availabilityText.ts";
import { resources } from "@gpu-dev/client/text/reservationText.ts";
import { CliError } from "../output/exitCodes.ts";
import { answered, askYesNo, loadPrompts } from "../output/prompts.ts";
import type { Session } from "../session/session.ts";

const CANCEL_TEXT = "Nothing was reserved.";
/** The name rule, short enough for one line of a terminal. */
const NAME_ADVICE = "Lower-case letters, digits, single hyphens; a letter first; 32 at most";
const NO_DISK = "";
const NEW_DISK = "+";

/**
 * Asks for the values of a reservation. The disk comes before the size, because its zone limits
 * where a size can start. Ctrl-C at any question reserves nothing.
 */
export async function runWizard(session: Session): Promise<CreateReservation> {
  const { client } = session;
  const [catalogue, availability, disks] = await Promise.all([
    client.call("getCatalogue"),
    client.call("getAvailability"),
    client.call("listDisks"),
  ]);
  const type = await askType(catalogue, availability);
  const free = disks.items.filter((disk) => disk.heldBy === undefined).map((disk) => disk.name);
  const disk = await askDisk(free);
  const gpus = await askGpus(session, type, disk);
  const durationSeconds = await askDuration(type);
  const name = await askName();
  const request = { gpuType: type.id, gpus, durationSeconds, disk, image: undefined };
  await confirmRequest(request);
  return name === "" ? request : { ...request, name };
}

async function askType(catalogue: Catalogue, availability: Availability): Promise<GpuType> {
  const { select } = await loadPrompts();
  const options = catalogue.types.map((type) => ({
    value: type.id,
    label: `${type.id.padEnd(8)} ${type.title} (${freeText(type, availability)})`,
  }));
  const id = await answered(select({ message: "Which type?", options }), CANCEL_TEXT);
  const type = catalogue.types.find((candidate) => candidate.id === id);
  if (type === undefined) throw new CliError("unexpected", `The catalogue has no type ${id}.`);
  return type;
}

/** "14 of 16 GPUs free, 2 queued". */
function freeText(type: GpuType, availability: Availability): string {
  const counts = availability.types.find((candidate) => candidate.type === type.id);
  if (counts === undefined) return "availability unknown";
  const unit = type.kind === "cpu" ? "slots" : "GPUs";
  const queued = counts.queued === 0 ? "" : `, ${String(counts.queued)} queued`;
  return `${String(counts.freeGpus)} of ${String(counts.healthyGpus)} ${unit} free${queued}`;
}

async function askDisk(free: readonly string[]): Promise<string | undefined> {
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
    CANCEL_TEXT,
  );
  if (choice === NO_DISK) return undefined;
  if (choice !== NEW_DISK) return choice;
  const validate = (value: string | undefined) =>
    NAME_PATTERN.test(value ?? "") ? undefined : NAME_ADVICE;
  return answered(text({ message: "Name of the new disk?", validate }), CANCEL_TEXT);
}

/** Shows what the server says about each size, with the zone of the chosen disk. */
async function askGpus(session: Session, type: GpuType, disk: string | undefined): Promise<number> {
  const [only] = type.counts;
  if (type.counts.length === 1 && only !== undefined) return only;
  const query = disk === undefined ? {} : { disk };
  const { types } = await session.client.call("getAvailability", { query });
  const sizes = types.find((candidate) => candidate.type === type.id)?.sizes ?? [];
  const options = type.counts.map((count) => {
    const size = sizes.find((candidate) => candidate.gpus === count);
    return { value: count, label: `${String(count)} (${startText(size)})` };
  });
  const { select } = await loadPrompts();
  return answered(select({ message: "How many GPUs?", options }), CANCEL_TEXT);
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
        if (seconds === undefined) return "A duration like 90m, 2h or 1h30m";
        return seconds < minSeconds || seconds > maxSeconds ? `Between ${range}` : undefined;
      },
    }),
    CANCEL_TEXT,
  );
  return parseDurationSeconds(answer) ?? minSeconds;
}

async function askName(): Promise<string> {
  const { text } = await loadPrompts();
  const validate = (value: string | undefined) =>
    value === undefined || value === "" || NAME_PATTERN.test(value) ? undefined : NAME_ADVICE;
  const message = "Name of the reservation? (empty: chosen for you)";
  return (await answered(text({ message, validate, defaultValue: "" }), CANCEL_TEXT)).trim();
}

async function confirmRequest(request: {
  readonly gpuType: string;
  readonly gpus: number;
  readonly durationSeconds: number;
  readonly disk: string | undefined;
}): Promise<void> {
  const duration = formatDuration(request.durationSeconds);
  const disk = request.disk === undefined ? "without a disk" : `with the disk ${request.disk}`;
  const message = `Reserve ${resources({ spec: request })} for ${duration}, ${disk}?`;
  if (!(await askYesNo(message, CANCEL_TEXT))) throw new CliError("interrupted", CANCEL_TEXT);
}
