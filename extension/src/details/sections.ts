import type { Event, Reservation } from "@gpu-dev/client/http/responses.ts";
import type { EventType } from "@gpu-dev/shared/api/events.ts";
import { formatDuration } from "@gpu-dev/shared/durations.ts";
import { TERMINAL } from "@gpu-dev/shared/states.ts";
import { labelsText, ordinal, typeLabel } from "@gpu-dev/client/text/reservationText.ts";
import { localTime, localTimeExact } from "@gpu-dev/client/text/times.ts";
import { type Details, leaseTimes, plainLine } from "../reservation/documentText.ts";
import { html, type Html } from "./html.ts";
import type { Step } from "./steps.ts";

export function section(id: string, title: string, content: Html): Html {
  return html`<section data-key="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    ${content}
  </section>`;
}

/** A collapsible section. The page remembers whether the user collapsed it. */
export function fold(
  id: string,
  title: string,
  content: Html,
  at: "open" | "closed" = "open",
): Html {
  return html`<details data-key="${id}" data-default="${at}">
    <summary><h2>${title}</h2></summary>
    ${content}
  </details>`;
}

const STEP_STATES = {
  done: "done",
  current: "now",
  upcoming: "upcoming",
  failed: "failed",
} as const;

export function stepList(steps: readonly Step[]): Html {
  return html`<ol class="steps">
    ${steps.map(
      ({ id, label, state, text, phases, progress }) =>
        html`<li
          data-key="${id}"
          class="step ${state}"
          ${state === "current" ? html`aria-current="step"` : undefined}
        >
          <span class="step-label"
            >${label} <span class="spoken">(${STEP_STATES[state]})</span></span
          >
          <span class="step-text">${text}</span>
          ${progress === undefined ? undefined : leaseBar(progress)}
          ${phases.length === 0 ? undefined : phaseList(phases)}
        </li>`,
    )}
  </ol>`;
}

function phaseList(phases: Step["phases"]): Html {
  return html`<ol class="phases">
    ${phases.map(
      ({ label, state }) =>
        html`<li data-key="${label}" class="${state}">
          ${label} <span class="spoken">(${STEP_STATES[state]})</span>
        </li>`,
    )}
  </ol>`;
}

/** An SVG, because a strict content security policy allows no style attribute. */
function leaseBar(progress: number): Html {
  const percent = Math.round(progress * 100);
  return html`<svg
    class="bar"
    role="img"
    aria-label="${percent} percent of the lease has passed"
    width="100%"
    height="6"
  >
    <rect class="bar-all" width="100%" height="6" rx="3"></rect>
    <rect class="bar-passed" width="${percent}%" height="6" rx="3"></rect>
  </svg>`;
}

export function timeline(events: readonly Event[], hasMore: boolean, now: Date): Html {
  if (events.length === 0) return html`<p data-key="none">Nothing has happened yet.</p>`;
  return html`<ol class="timeline">
      ${events.map(
        ({ id, at, type, message }) =>
          html`<li data-key="event-${id}" class="${EVENT_KINDS[type] ?? "plain"}">
            <time datetime="${at}">${localTimeExact(at, now)}</time>
            <span>${plainLine(message)}</span>
          </li>`,
      )}
    </ol>
    ${
      hasMore
        ? html`<p data-key="more">There are too many entries: later ones are not shown.</p>`
        : undefined
    }`;
}

/** How an entry of the timeline is drawn. */
const EVENT_KINDS: Readonly<Partial<Record<EventType, string>>> = {
  "reservation.ready": "good",
  "reservation.ended": "end",
  "reservation.failed": "bad",
  "reservation.warning": "warning",
  "reservation.restarted": "warning",
  "reservation.requeued": "warning",
};

type Fact = readonly [label: string, value: string | undefined];

function facts(all: readonly Fact[]): Html {
  return html`<dl>
    ${all.map(([label, value]) =>
      value === undefined
        ? undefined
        : html`<div data-key="fact-${label}">
            <dt>${label}</dt>
            <dd>${plainLine(value)}</dd>
          </div>`,
    )}
  </dl>`;
}

export function serverSection({ spec, members }: Reservation): Html {
  const { gpuType, gpus, durationSeconds, disk, image } = spec;
  const list = facts([
    ["Type", typeLabel(gpuType, gpus === 0 ? "cpu" : "gpu")],
    ["GPUs", gpus === 0 ? undefined : String(gpus)],
    ["Duration", formatDuration(durationSeconds)],
    ["Disk", disk ?? "None: the files in its workspace are deleted when it ends"],
    ["Image", image],
  ]);
  return html`${list}${members.length === 0 ? undefined : memberTable(members)}`;
}

function memberTable(members: Reservation["members"]): Html {
  return html`<table data-key="members">
    <caption>
      Nodes
    </caption>
    <thead>
      <tr>
        <th scope="col">Node</th>
        <th scope="col">Pod</th>
        <th scope="col">GPUs</th>
        <th scope="col">Start</th>
        <th scope="col">Restarts</th>
      </tr>
    </thead>
    <tbody>
      ${members.map(
        ({ rank, node, podName, gpus, attempt, restarts }) =>
          html`<tr data-key="member-${rank}">
            <th scope="row">${node}</th>
            <td>${podName}</td>
            <td>${gpus}</td>
            <td>${ordinal(attempt)}</td>
            <td>${restarts}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

export function leaseSection(reservation: Reservation, now: Date): Html {
  return facts([
    ["Requested", localTime(reservation.createdAt, now)],
    ...leaseTimes(reservation, now),
  ]);
}

export function connectionSection({ reservation, connection }: Details): Html {
  if (connection !== undefined) {
    return facts([
      ["Host", connection.host],
      ["SSH command", connection.command],
      ["Workspace", connection.workspacePath],
    ]);
  }
  const text = TERMINAL.includes(reservation.state)
    ? "The server no longer exists."
    : "Available when the reservation is ready.";
  return html`<p data-key="no-connection">${text}</p>`;
}

export function moreSection({ id, owner, spec }: Reservation): Html {
  return facts([
    ["Owner", owner.name],
    ["Labels", labelsText(spec)],
    ["Id", id],
  ]);
}
