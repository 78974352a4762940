import { join } from "node:path";
import { systemClock, timestamp } from "../clock.ts";
import type { NodeFaults } from "../faults/faultState.ts";
import type { Fleet, FleetNode } from "../fleet/fleetFile.ts";
import { aborted, isAborted, pause } from "./abortSignals.ts";
import { isConflict, isNotFound } from "./apiClient.ts";
import type { ApiClient } from "./apiClient.ts";
import { endLeftovers, startContainer } from "./containerProcess.ts";
import type { ContainerExit, ContainerProcess } from "./containerProcess.ts";
import type { Containment } from "./containment.ts";
import type { EventRecorder } from "./eventRecorder.ts";
import { pullImage } from "./imagePull.ts";
import type { Container, Pod } from "./kubeTypes.ts";
import { admitPod } from "./podAdmission.ts";
import { PodLog } from "./podLog.ts";
import { podProgram } from "./podProgram.ts";
import type { PodRecord, PodRecords } from "./podRecords.ts";
import { PodReporter } from "./podReport.ts";
import type { PodFacts } from "./podReport.ts";
import { viewLines } from "./podView.ts";
import type { Mount } from "./podView.ts";
import { preparePodVolumes, refreshSecrets, releaseClaims } from "./podVolumes.ts";
import type { ClaimHolders } from "./podVolumes.ts";
import { followReadiness } from "./readiness.ts";

export interface PodWorkerOptions {
  client: ApiClient;
  pod: Pod;
  node: FleetNode;
  images: Fleet["images"];
  records: PodRecords;
  claimHolders: ClaimHolders;
  containment: Containment;
  faults: NodeFaults;
  events: EventRecorder;
  restartBackOffMillis: number;
  mayReport: () => Promise<void>;
  log: (line: string) => void;
}

const MAX_BACK_OFF_MILLIS = 300_000;
/** A container that ran for so long starts over without a memory of earlier crashes. */
const FORGIVEN_AFTER_MILLIS = 600_000;
const MOUNT_RETRY_MILLIS = 250;
const DELETE_RETRY_MILLIS = 500;

// Long because: it is one pod's whole life in order, and each step needs the state of those before it.
/** One pod on one node, from admission to removal. Everything it does can be cut off and done again by the next agent. */
export class PodWorker {
  /** Settles when the pod is removed, or when the agent was stopped. */
  readonly done: Promise<void>;
  readonly #options: PodWorkerOptions;
  readonly #reporter: PodReporter;
  /** Aborted when the agent stops: processes end, nothing is reported, records stay. */
  readonly #stop = new AbortController();
  /** Aborted when the pod shall go. */
  readonly #delete = new AbortController();
  readonly #ending: AbortSignal;
  #pod: Pod;
  #gone = false;
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

  /** The newest version of the object. */
  update(pod: Pod): void {
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined) this.#delete.abort();
  }

  /** The object is not there any more: clean up, and tell nobody. */
  gone(): void {
    this.#gone = true;
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

  /** Brings changed Secrets to the pod's files. */
  async refresh(): Promise<void> {
    const { client, records, claimHolders } = this.#options;
    const record = records.get(this.#pod.metadata.uid);
    if (record === undefined || this.#ending.aborted) return;
    const directory = records.directory(record);
    await refreshSecrets({ client, pod: this.#pod, directory, claimHolders });
  }

  async #run(): Promise<void> {
    this.update(this.#pod);
    await this.#options.mayReport();
    const record = this.#admit();
    if (record !== undefined) {
      await endLeftovers(record.uid, this.#options.records.directory(record));
      await this.#live(record).catch((error: unknown) => {
        this.#cannotRun(error);
      });
      // Whatever became of it: the pod is there until somebody deletes it.
      await aborted(this.#ending);
    } else {
      await aborted(this.#ending);
    }
    if (this.#delete.signal.aborted && !this.#stop.signal.aborted) await this.#remove(record);
  }

  #admit(): PodRecord | undefined {
    const { node, records, events } = this.#options;
    const { phase } = this.#pod.status ?? {};
    if (phase === "Succeeded" || phase === "Failed") {
      return undefined;
    }
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

  /** Volumes, image, then the container again and again, until the pod shall end or has ended by itself. */
  async #live(record: PodRecord): Promise<void> {
    const container = this.#pod.spec.containers[0];
    if (container === undefined) return;
    const mounts = await this.#mountVolumes(record);
    if (mounts === undefined) return;
    this.#report({ initialized: true, address: record.address });
    const { faults, events, restartBackOffMillis } = this.#options;
    let backOff = restartBackOffMillis;
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
        waiting,
        over: this.#ending,
      });
      if (!pulled) return;
      const startedMillis = systemClock.now();
      const exit = await this.#runContainer(container, record, mounts);
      if (exit === undefined || isAborted(this.#ending)) return;
      if (systemClock.now() - startedMillis > FORGIVEN_AFTER_MILLIS) backOff = restartBackOffMillis;
      if (!this.#shallRestart(exit)) return;
      const { name } = container;
      waiting("CrashLoopBackOff", `back-off ${String(backOff)} ms restarting container ${name}`);
      events.record(this.#pod, "BackOff", `Back-off restarting container ${name}`);
      await pause(backOff, this.#ending);
      backOff = Math.min(backOff * 2, MAX_BACK_OFF_MILLIS);
    }
  }

  /** Nothing that another try would change, such as an image that stands for no program. */
  #cannotRun(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#options.events.record(this.#pod, "Failed", message);
    this.#report({ state: { waiting: { reason: "CreateContainerError", message } }, ready: false });
  }

  async #mountVolumes(record: PodRecord): Promise<Mount[] | undefined> {
    const { client, records, claimHolders, events } = this.#options;
    const directory = records.directory(record);
    let told = "";
    while (!this.#ending.aborted) {
      try {
        const mounts = await preparePodVolumes({ client, pod: this.#pod, directory, claimHolders });
        await this.#annotatePlainWorkspace(mounts);
        return mounts;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (message !== told) events.record(this.#pod, "FailedMount", message);
        told = message;
        await pause(MOUNT_RETRY_MILLIS, this.#ending);
      }
    }
    return undefined;
  }

  /** Runs it once; undefined when it was ended from outside. */
  async #runContainer(
    container: Container,
    record: PodRecord,
    mounts: Mount[],
  ): Promise<ContainerExit | undefined> {
    const { node, images, containment, records, events } = this.#options;
    const pod = this.#pod;
    const directory = records.directory(record);
    const log = new PodLog(join(directory, "log"));
    log.turnOver();
    if (record.started) record.restartCount += 1;
    record.started = true;
    records.save(record);
    const program = podProgram({ pod, container, record, node, images, containment, mounts });
    const view = containment.kind === "plain" ? undefined : viewLines(mounts, program.programs);
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
    const over = new AbortController();
    const onReady = (ready: boolean): void => {
      this.#report({ ready });
    };
    const following = followReadiness(container, record.address, onReady, over.signal);
    const exit = await this.#untilExit(launched);
    over.abort();
    await following;
    this.#process = undefined;
    if (exit !== undefined) this.#reportExit(exit, startedAt, containerId);
    return exit;
  }

  async #untilExit(launched: ContainerProcess): Promise<ContainerExit | undefined> {
    const exit = await Promise.race([launched.exited, aborted(this.#ending)]);
    if (exit !== undefined) return exit;
    // A lost node knows nothing of the deletion.
    if (!this.#stop.signal.aborted) await this.#options.mayReport();
    const { metadata, spec } = this.#pod;
    const stopping = this.#stop.signal.aborted;
    const grace = metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30;
    if (!stopping) this.#options.events.record(this.#pod, "Killing", "Stopping container");
    // The machine's user waits for a stop; nobody's work is lost by a shorter grace, but a Ctrl-C must end.
    await launched.stop(this.#gone ? 0 : (stopping ? Math.min(grace, 5) : grace) * 1_000);
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

  #shallRestart(exit: ContainerExit): boolean {
    const policy = this.#pod.spec.restartPolicy ?? "Always";
    if (policy === "Always" || (policy === "OnFailure" && exit.code !== 0)) return true;
    this.#report({ phase: exit.code === 0 ? "Succeeded" : "Failed" });
    return false;
  }

  /** Only after the processes are gone: then what they held, then the object, that very one. */
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
    if (this.#gone) return;
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
        await pause(DELETE_RETRY_MILLIS, this.#stop.signal);
      }
    }
  }

  async #annotatePlainWorkspace(mounts: Mount[]): Promise<void> {
    const workspace = mounts.find(({ target }) => target === "/workspace");
    if (this.#options.containment.kind !== "plain" || workspace === undefined) return;
    const { namespace, name, uid } = this.#pod.metadata;
    await this.#options.client.mergePatch(`/api/v1/namespaces/${namespace}/pods/${name}`, {
      metadata: { uid, annotations: { "gpu-dev.io/workspace-path": workspace.source } },
    });
  }

  #report(change: Partial<PodFacts>): void {
    this.#facts = { ...this.#facts, ...change };
    this.#reporter.report(this.#facts);
  }
}
