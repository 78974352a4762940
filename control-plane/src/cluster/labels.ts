/** Labels and annotations that we write; `docs/pod-contract.md` lists them. */
export const LABEL = {
  installation: "gpu-dev.io/installation",
  reservation: "gpu-dev.io/reservation",
  user: "gpu-dev.io/user",
  rank: "gpu-dev.io/rank",
  attempt: "gpu-dev.io/attempt",
  disk: "gpu-dev.io/disk",
  type: "gpu-dev.io/type",
  zone: "topology.kubernetes.io/zone",
  hostname: "kubernetes.io/hostname",
} as const;

/** On a Secret: a digest of what of it changes, so that a look at its metadata tells whether it is as it should be. */
export const CONTENT_ANNOTATION = "gpu-dev.io/content";
export const WORKSPACE_PATH_ANNOTATION = "gpu-dev.io/workspace-path";
