import { createHash } from "node:crypto";
import { secretName, serviceName } from "../domain/reservation.ts";
import type { HostKey } from "./hostKey.ts";
import { CONTENT_ANNOTATION, LABEL } from "./kubeObjects.ts";
import type { ClaimRequest, SecretContent, SecretRequest, ServiceRequest } from "./port.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

export function secretManifest(secret: SecretRequest, hostKey: HostKey, installation: string) {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: secretName(secret.reservationId),
      labels: labels(secret, installation),
      annotations: { [CONTENT_ANNOTATION]: contentDigest(secret) },
    },
    type: "Opaque",
    data: {
      ssh_host_ed25519_key: base64(hostKey.privateKey),
      "ssh_host_ed25519_key.pub": base64(`${hostKey.publicKey}\n`),
      ...secretData(secret),
    },
  };
}

/** Content and its digest in one write: a late write replaces both, and the digest shows it. */
export function secretPatch(content: SecretContent) {
  return {
    metadata: { annotations: { [CONTENT_ANNOTATION]: contentDigest(content) } },
    data: secretData(content),
  };
}

export function contentDigest(content: SecretContent): string {
  return createHash("sha256")
    .update(JSON.stringify(secretData(content)))
    .digest("hex");
}

/** The part of the Secret's data that changes while the reservation lives. */
function secretData({ authorizedKeys, expiresAt }: SecretContent) {
  return {
    authorized_keys: base64(authorizedKeys),
    expires_at: base64(expiresAt === undefined ? "" : `${expiresAt.toISOString()}\n`),
  };
}

export function serviceManifest(service: ServiceRequest, installation: string) {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: serviceName(service.reservationId), labels: labels(service, installation) },
    spec: {
      clusterIP: "None",
      selector: { [LABEL.reservation]: service.reservationId },
      ports: [{ name: "ssh", port: 2222, targetPort: "ssh" }],
      publishNotReadyAddresses: true,
    },
  };
}

/** ReadWriteOncePod: the volume itself refuses a second pod, whatever else fails. */
export function claimManifest(claim: ClaimRequest, installation: string) {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name: claim.name,
      labels: {
        [LABEL.installation]: installation,
        [LABEL.disk]: claim.diskId,
        [LABEL.user]: claim.userId,
      },
    },
    spec: {
      accessModes: ["ReadWriteOncePod"],
      resources: { requests: { storage: `${String(claim.sizeGib)}Gi` } },
    },
  };
}

function labels(owner: ServiceRequest, installation: string): Record<string, string> {
  return {
    [LABEL.installation]: installation,
    [LABEL.reservation]: owner.reservationId,
    [LABEL.user]: owner.userId,
  };
}
