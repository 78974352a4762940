// Long because: every step in the life of a pod on its node works on the state of its one worker.
import { join } from "node:path";
import type { NodeFaults } from "../faults/faultState.ts";
import type { Fleet, FleetNode } from "../fleet/fleetFile.ts";
import { aborted, isAborted, pause } from "../platform/abortSignals.ts";
import { systemClock, timestamp, Minute, Second } from "../platform/clock.ts";
import { isConflict, isNotFound, type ApiClient } from "./apiClient.ts";
import {
  endLeftovers,
  openPodLog,
  startContainer,
  type ContainerExit,
  type ContainerProcess,
} from "./containerProcess.ts";
import type { Containment } from "./containment.ts";
import type { EventRecorder } from "./eventRecorder.ts";
import { pullImage } from "./imagePull.ts";
import type { Container, Pod, Terminated } from "./kubeTypes.ts";
import { podProgram } from "./podProgram.ts";
import { admitPod, type PodRecord, type PodRecords } from "./podRecords.ts";
import { PodReporter, type PodFacts } from "./podReport.ts";
import { viewLines, type Mount } from "./podView.ts";
import { mountWhenReady, refreshSecrets, releaseClaims, type ClaimHolders } from "./podVolumes.ts";
import { followReadiness } from "./readiness.ts";

export interface PodWorkerOptions {
  readonly client: ApiClient;
  readonly pod: Pod;
  readonly node: FleetNode;
  readonly images: Fleet["images"];
  readonly records: PodRecords;
  readonly claimHolders: ClaimHolders;
  readonly containment: Containment;
  readonly hidden: readonly string[];
  readonly faults: NodeFaults;
  readonly events: EventRecorder;
  readonly restartBackOffMs: number;
  readonly mayReport: () => Promise<void>;
  readonly log: (line: string) => void;
}

const MAX_BACK_OFF_MS = 5 * Minute.ms;
/** A container that ran this long restarts with the initial back-off. */
const BACK_OFF_RESET_MS = 10 * Minute.ms;
const DELETE_RETRY_MS = 500;
/** The longest grace period of a container when the agent itself stops. */
const MAX_STOP_GRACE_SECONDS = 5;

/**
 * A pod on its node, from admission to removal. The next agent can repeat every step that this one
 * did not finish. One class, although long: each step of the life cycle needs the state of the
 * steps before it.
 */
export class PodWorker {
  /** Settles when the pod is removed, or when the agent has stopped. */
  readonly done: Promise<void>;
  readonly #options: PodWorkerOptions;
  readonly #reporter: PodReporter;
  /** Aborted when the agent stops: processes end, no status is reported, records stay. */
  readonly #stop = new AbortController();
  /** Aborted when the pod is being deleted. */
  readonly #delete = new AbortController();
  readonly #ending: AbortSignal;
  #pod: Pod;
  #isDeleted = false;
  #killedForMemory = false;
  #process: ContainerProcess | undefined;
  #facts: PodFacts = {
    phase: "Pending",
    initialized: false,
    state: { waiting: { reason: "ContainerCreating" } },
    ready: false,
    restartCount: 0,
  };

  constructor(options: PodWorkerOptions) {
    this.#options = options;
    this.#pod = options.pod;
    this.#ending = AbortSignal.any([this.#stop.signal, this.#delete.signal]);
    const { client, pod, mayReport } = options;
    const now = (): string => timestamp(systemClock.now());
    const stopped = this.#stop.signal;
    this.#reporter = new PodReporter({ client, pod, now, mayReport, stopped });
    this.done = this.#run().catch((error: unknown) => {
      options.log(`Pod ${pod.metadata.namespace}/${pod.metadata.name}: ${String(error)}`);
    });
  }

  /** Receives the newest version of the object. */
  update(pod: Pod): void {
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined) this.#delete.abort();
  }

  /** The object no longer exists: clean up without reporting. */
  markDeleted(): void {
    this.#isDeleted = true;
    this.#delete.abort();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.done;
  }

  async killForMemory(): Promise<void> {
    if (this.#process === undefined) return;
    this.#killedForMemory = true;
    this.#options.events.record(
      this.#pod,
      "OOMKilling",
      "The container used more memory than its limit",
    );
    await this.#process.kill();
  }

  /** Updates the files of changed Secrets. */
  async refreshSecrets(): Promise<void> {
    const { client, records, containment } = this.#options;
    const record = records.get(this.#pod.metadata.uid);
    if (record === undefined || this.#ending.aborted) return;
    const directory = records.directory(record);
    const { user } = containment;
    await refreshSecrets({ client, pod: this.#pod, directory, user });
  }

  async #run(): Promise<void> {
    this.update(this.#pod);
    await this.#options.mayReport();
    const record = this.#admit();
    if (record !== undefined) {
      await endLeftovers(record.uid, this.#options.records.directory(record));
      await this.#runPod(record).catch((error: unknown) => {
        this.#reportCannotRun(error);
      });
    }
    // Whether it succeeded or failed, the pod exists until a client deletes it.
    await aborted(this.#ending);
    if (this.#delete.signal.aborted && !this.#stop.signal.aborted) await this.#remove(record);
  }

  #admit(): PodRecord | undefined {
    const { node, records, events } = this.#options;
    const { phase } = this.#pod.status ?? {};
    if (phase === "Succeeded" || phase === "Failed") return undefined;
    const admission = admitPod(this.#pod, node, records);
    if ("refusal" in admission) {
      const { reason, message } = admission.refusal;
      events.record(this.#pod, "UnexpectedAdmissionError", message);
      this.#report({ phase: "Failed", reason, message, state: { waiting: { reason } } });
      return undefined;
    }
    const { record } = admission;
    const startTime = this.#pod.status?.startTime ?? timestamp(systemClock.now());
    this.#report({ startTime, restartCount: record.restartCount });
    return record;
  }

  /** Prepares volumes and image, then runs the container until the pod is deleted or has ended. */
  async #runPod(record: PodRecord): Promise<void> {
    const container = this.#pod.spec.containers[0];
    if (container === undefined) return;
    const { client, records, claimHolders, containment } = this.#options;
    const { faults, events, restartBackOffMs } = this.#options;
    const mounts = await mountWhenReady({
      client,
      pod: () => this.#pod,
      directory: records.directory(record),
      claimHolders,
      containment,
      events,
      ending: this.#ending,
    });
    if (mounts === undefined) return;
    this.#report({ initialized: true, address: record.address });
    let backOff = restartBackOffMs;
    while (!this.#ending.aborted) {
      const waiting = (reason: string, message: string): void => {
        this.#report({ state: { waiting: { reason, message } } });
      };
      const pod = this.#pod;
      const pulled = await pullImage({
        pod,
        container,
        faults,
        events,
        reportWaiting: waiting,
        ending: this.#ending,
      });
      if (!pulled) return;
      const startedAt = systemClock.now();
      const exit = await this.#runContainer(container, record, mounts);
      if (exit === undefined || isAborted(this.#ending)) return;
      if (systemClock.now() - startedAt > BACK_OFF_RESET_MS) backOff = restartBackOffMs;
      if (!this.#shouldRestart(exit)) return;
      const { name } = container;
      waiting("CrashLoopBackOff", `back-off ${String(backOff)} ms restarting container ${name}`);
      events.record(this.#pod, "BackOff", `Back-off restarting container ${name}`);
      await pause(backOff, this.#ending);
      backOff = Math.min(backOff * 2, MAX_BACK_OFF_MS);
    }
  }

  /** Reports an error that a retry would not change, such as an image without a program. */
  #reportCannotRun(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#options.events.record(this.#pod, "Failed", message);
    this.#report({ state: { waiting: { reason: "CreateContainerError", message } }, ready: false });
  }

  /** Runs the container once; undefined when the pod or the agent was stopped. */
  async #runContainer(
    container: Container,
    record: PodRecord,
    mounts: Mount[],
  ): Promise<ContainerExit | undefined> {
    const { node, images, containment, records, events } = this.#options;
    const pod = this.#pod;
    const directory = records.directory(record);
    const log = openPodLog(join(directory, "log"));
    this.#recordStart(record);
    const program = podProgram({ pod, container, record, node, images, containment, mounts });
    const { user } = containment;
    const hidden = this.#options.hidden;
    const view =
      containment.kind === "plain"
        ? undefined
        : viewLines({ mounts, programs: program.programs, hidden, directory, user });
    const { uid, name } = pod.metadata;
    const hostname = pod.spec.hostname ?? name;
    const launched = startContainer({
      uid,
      directory,
      hostname,
      containment,
      view,
      log,
      ...program,
    });
    this.#process = launched;
    events.record(pod, "Created", `Created container ${container.name}`);
    events.record(pod, "Started", `Started container ${container.name}`);
    const startedAt = timestamp(systemClock.now());
    const containerId = `process://${uid}/${String(record.restartCount)}`;
    const { restartCount } = record;
    const state = { running: { startedAt } };
    this.#report({ phase: "Running", state, restartCount, containerId, ready: false });
    const ended = new AbortController();
    const onReady = (ready: boolean): void => {
      this.#report({ ready });
    };
    const following = followReadiness(container, record.address, onReady, ended.signal);
    const exit = await this.#waitForExit(launched);
    ended.abort();
    await following;
    this.#process = undefined;
    if (exit !== undefined) this.#reportExit(exit, startedAt, containerId);
    return exit;
  }

  #recordStart(record: PodRecord): void {
    if (record.started) {
      record.restartCount += 1;
      if (this.#facts.lastTerminated === undefined) {
        this.#report({ lastTerminated: this.#unseenExit() });
      }
    }
    record.started = true;
    this.#options.records.save(record);
  }

  /**
   * How the previous container ended if this agent did not see it, because the agent was not
   * running: as a kubelet reports it after the node was restarted.
   */
  #unseenExit(): Terminated {
    const previous = this.#pod.status?.containerStatuses?.[0];
    const startedAt = previous?.state.running?.startedAt;
    return {
      exitCode: 255,
      reason: "Unknown",
      ...(startedAt === undefined ? {} : { startedAt }),
      finishedAt: timestamp(systemClock.now()),
      ...(previous?.containerID === undefined ? {} : { containerID: previous.containerID }),
    };
  }

  async #waitForExit(launched: ContainerProcess): Promise<ContainerExit | undefined> {
    const exit = await Promise.race([launched.exited, aborted(this.#ending)]);
    if (exit !== undefined) return exit;
    // A lost node does not see the deletion.
    if (!this.#stop.signal.aborted) await this.#options.mayReport();
    const { metadata, spec } = this.#pod;
    const stopping = this.#stop.signal.aborted;
    const grace = metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30;
    if (!stopping) this.#options.events.record(this.#pod, "Killing", "Stopping container");
    // A Ctrl-C must end the agent soon, and a shorter grace period loses no stored work.
    const seconds = stopping ? Math.min(grace, MAX_STOP_GRACE_SECONDS) : grace;
    await launched.stop(this.#isDeleted ? 0 : seconds * Second.ms);
    return undefined;
  }

  #reportExit(exit: ContainerExit, startedAt: string, containerID: string): void {
    const exitCode = this.#killedForMemory ? 137 : exit.code;
    const reason = this.#killedForMemory ? "OOMKilled" : exitCode === 0 ? "Completed" : "Error";
    this.#killedForMemory = false;
    const finishedAt = timestamp(systemClock.now());
    const lastTerminated = { exitCode, reason, startedAt, finishedAt, containerID };
    this.#report({ state: { terminated: lastTerminated }, lastTerminated, ready: false });
  }

  #shouldRestart(exit: ContainerExit): boolean {
    const policy = this.#pod.spec.restartPolicy ?? "Always";
    if (policy === "Always" || (policy === "OnFailure" && exit.code !== 0)) return true;
    this.#report({ phase: exit.code === 0 ? "Succeeded" : "Failed" });
    return false;
  }

  /** Removes the processes first, then the resources that they held, then exactly this object. */
  async #remove(record: PodRecord | undefined): Promise<void> {
    const { client, records, claimHolders, mayReport, events } = this.#options;
    const { namespace, name, uid } = this.#pod.metadata;
    await mayReport();
    const held = record ?? records.get(uid);
    if (held !== undefined) {
      await endLeftovers(uid, records.directory(held));
      records.remove(held);
    }
    releaseClaims(claimHolders, uid);
    await events.settled();
    if (this.#isDeleted) return;
    this.#report({ ready: false });
    await this.#reporter.settled();
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    const preconditions = { uid };
    while (!this.#stop.signal.aborted) {
      try {
        await client.delete(path, { gracePeriodSeconds: 0, preconditions });
        return;
      } catch (error) {
        if (isNotFound(error) || isConflict(error)) return;
        await pause(DELETE_RETRY_MS, this.#stop.signal);
      }
    }
  }

  #report(change: Partial<PodFacts>): void {
    this.#facts = { ...this.#facts, ...change };
    this.#reporter.report(this.#facts);
  }
}
