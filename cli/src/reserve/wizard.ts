import type { CreateReservation } from "@gpu-dev/shared/api/reservation.ts";
import { formatDuration, parseDurationSeconds } from "@gpu-dev/shared/durations.ts";
import { NAME_PATTERN } from "@gpu-dev/shared/names.ts";
import type { Availability, Catalogue, Disk, GpuType } from "@gpu-dev/client/http/responses.ts";
import { startsNowLabel, startText, withAhead } from "@gpu-dev/client/text/availabilityText.ts";
import { resources } from "@gpu-dev/client/text/reservationText.ts";
import { holderLabel } from "../commands/disk.ts";
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
  const { lastType } = await session.settings.read();
  const type = await askType(catalogue, availability, lastType);
  const disk = await askDisk(disks.items, session.now());
  const gpus = await askGpus(session, type, disk);
  const durationSeconds = await askDuration(type);
  const name = await askName();
  const request = { gpuType: type.id, gpus, durationSeconds, disk, image: undefined };
  const isNew = disk !== undefined && !disks.items.some((each) => each.name === disk);
  await confirmRequest(request, isNew ? catalogue.disks.defaultSizeGib : undefined);
  await session.settings.update((all) => ({ ...all, lastType: type.id }));
  return name === "" ? request : { ...request, name };
}

async function askType(
  catalogue: Catalogue,
  availability: Availability,
  lastType: string | undefined,
): Promise<GpuType> {
  const { select } = await loadPrompts();
  const options = catalogue.types.map((type) => ({
    value: type.id,
    label: `${type.id.padEnd(8)} ${type.title} (${nowText(type, availability)})`,
  }));
  const id = await answered(
    select<string>({
      message: "Which type?",
      options,
      initialValue: firstChoice(catalogue, availability, lastType) ?? "",
    }),
    CANCEL_TEXT,
  );
  const type = catalogue.types.find((candidate) => candidate.id === id);
  if (type === undefined) throw new CliError("unexpected", `The catalogue has no type ${id}.`);
  return type;
}

/** "start now: 1, 2", as the planner says it. */
function nowText(type: GpuType, { types }: Availability): string {
  const found = types.find((candidate) => candidate.type === type.id);
  if (found === undefined) return "availability unknown";
  const { sizes } = found;
  if (sizes.length > 0 && !sizes.some((size) => size.starts === "now")) {
    return withAhead("queued", found);
  }
  const label = startsNowLabel(found);
  return label === "yes" ? "starts now" : `start now: ${label}`;
}

/** The last choice, otherwise the smallest GPU that starts now. */
function firstChoice(
  { types }: Catalogue,
  availability: Availability,
  lastType: string | undefined,
): string | undefined {
  if (types.some((type) => type.id === lastType)) return lastType;
  const startsNow = new Set(
    availability.types
      .filter((type) => type.sizes.some((size) => size.starts === "now"))
      .map((type) => type.type),
  );
  const gpus = types.filter((type) => type.kind === "gpu" && startsNow.has(type.id));
  return gpus.toSorted((a, b) => a.gpuMemoryGib - b.gpuMemoryGib)[0]?.id ?? types[0]?.id;
}

async function askDisk(disks: readonly Disk[], now: Date): Promise<string | undefined> {
  const { select, text } = await loadPrompts();
  const choice = await answered(
    select({
      message: "Which disk?",
      options: [
        ...disks.map((disk) => ({
          value: disk.name,
          label: disk.heldBy === undefined ? disk.name : `${disk.name} (${holderLabel(disk, now)})`,
          disabled: disk.heldBy !== undefined,
        })),
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

/** Shows the server's quote for each size, with the zone of the chosen disk. */
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

async function confirmRequest(
  request: {
    readonly gpuType: string;
    readonly gpus: number;
    readonly durationSeconds: number;
    readonly disk: string | undefined;
  },
  newDiskGib: number | undefined,
): Promise<void> {
  const duration = formatDuration(request.durationSeconds);
  const disk =
    request.disk === undefined
      ? "without a disk"
      : `with the ${newDiskGib === undefined ? "" : `new ${String(newDiskGib)} GiB `}disk ${request.disk}`;
  const message = `Reserve ${resources({ spec: request })} for ${duration}, ${disk}?`;
  if (!(await askYesNo(message, CANCEL_TEXT))) throw new CliError("interrupted", CANCEL_TEXT);
}
