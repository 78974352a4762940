import type { Container, Pod, PodSpec, Probe, Toleration } from "./pod.ts";

/** How long a pod stays on a node that is not ready or unreachable, by default. */
const DEFAULT_TOLERATION_SECONDS = 300;

/** A new pod has only the phase Pending, and the tolerations that admission adds. */
export function preparePod(pod: Pod): void {
  pod.status = { phase: "Pending" };
  pod.spec.tolerations = withDefaultTolerations(pod.spec.tolerations ?? []);
  pod.spec.serviceAccountName ??= "default";
  pod.spec.serviceAccount = pod.spec.serviceAccountName;
  pod.spec.priority ??= 0;
  pod.spec.preemptionPolicy ??= "PreemptLowerPriority";
}

export function setPodDefaults(pod: Pod): void {
  // A client may remove all of the status except this.
  pod.status = { ...pod.status, qosClass: qosClass(pod) };
  pod.spec.enableServiceLinks ??= true;
  setPodSpecDefaults(pod.spec);
  for (const container of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
    const { resources } = container;
    // A limit without a request also sets the request.
    if (resources?.limits === undefined) continue;
    resources.requests = { ...resources.limits, ...resources.requests };
  }
}

/** Also applies to the spec in a job's template. */
export function setPodSpecDefaults(spec: PodSpec): void {
  spec.restartPolicy ??= "Always";
  spec.dnsPolicy ??= "ClusterFirst";
  spec.schedulerName ??= "default-scheduler";
  // A negative value means the shortest grace period.
  const grace = spec.terminationGracePeriodSeconds ?? 30;
  spec.terminationGracePeriodSeconds = grace < 0 ? 1 : grace;
  spec.securityContext ??= {};
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
    setContainerDefaults(container);
  }
  for (const volume of spec.volumes ?? []) {
    if (volume.secret !== undefined) volume.secret.defaultMode ??= 0o644;
    if (volume.configMap !== undefined) volume.configMap.defaultMode ??= 0o644;
  }
}

function setContainerDefaults(container: Container): void {
  container.imagePullPolicy ??= isLatest(container.image ?? "") ? "Always" : "IfNotPresent";
  container.terminationMessagePath ??= "/dev/termination-log";
  container.terminationMessagePolicy ??= "File";
  container.resources ??= {};
  for (const port of container.ports ?? []) port.protocol ??= "TCP";
  for (const probe of [container.readinessProbe, container.livenessProbe, container.startupProbe]) {
    if (probe !== undefined) setProbeDefaults(probe);
  }
}

function setProbeDefaults(probe: Probe): void {
  probe.timeoutSeconds ??= 1;
  probe.periodSeconds ??= 10;
  probe.successThreshold ??= 1;
  probe.failureThreshold ??= 3;
}

function isLatest(image: string): boolean {
  const name = image.slice(image.lastIndexOf("/") + 1);
  return name.endsWith(":latest") || !/[:@]/.test(name);
}

function withDefaultTolerations(tolerations: Toleration[]): Toleration[] {
  const missing = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].filter(
    (key) =>
      !tolerations.some(
        (each) =>
          (each.key === undefined || each.key === key) &&
          (each.effect === undefined || each.effect === "NoExecute"),
      ),
  );
  return [
    ...tolerations,
    ...missing.map((key) => ({
      key,
      operator: "Exists" as const,
      effect: "NoExecute",
      tolerationSeconds: DEFAULT_TOLERATION_SECONDS,
    })),
  ];
}

function qosClass(pod: Pod): string {
  const basic = ["cpu", "memory"];
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const isSpecified = containers.some((container) =>
    basic.some(
      (name) =>
        container.resources?.requests?.[name] !== undefined ||
        container.resources?.limits?.[name] !== undefined,
    ),
  );
  if (!isSpecified) return "BestEffort";
  const guaranteed = containers.every((container) =>
    basic.every((name) => {
      const limit = container.resources?.limits?.[name];
      const request = container.resources?.requests?.[name] ?? limit;
      return limit !== undefined && String(limit) === String(request);
    }),
  );
  return guaranteed ? "Guaranteed" : "Burstable";
}
