import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { generate } from "selfsigned";

export interface KubeletCredentials {
  /** JSON for `join.ts --kubelet`. */
  readonly agentFile: string;
  /** Arguments with which an API server reads logs from nodes that prove their identity. */
  readonly apiServerArgs: readonly string[];
}

/**
 * One certificate authority for both sides: the nodes' server certificate and the API server's
 * client certificate.
 */
export async function writeKubeletCredentials(directory: string): Promise<KubeletCredentials> {
  const common = { keyType: "ec", curve: "P-256", algorithm: "sha256" } as const;
  const ca = await generate([{ name: "commonName", value: "kubelets" }], {
    ...common,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, critical: true },
    ],
  });
  const signed = { ...common, ca: { key: ca.private, cert: ca.cert } };
  const server = await generate([{ name: "commonName", value: "node" }], {
    ...signed,
    extensions: [
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] },
    ],
  });
  const client = await generate([{ name: "commonName", value: "kube-apiserver" }], {
    ...signed,
    extensions: [{ name: "extKeyUsage", clientAuth: true }],
  });
  const write = (name: string, text: string) => {
    const path = join(directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const { cert, private: key } = server;
  return {
    agentFile: write("kubelet.json", JSON.stringify({ cert, key, clientCa: ca.cert })),
    apiServerArgs: [
      `--kubelet-client-certificate=${write("kubelet-client.crt", client.cert)}`,
      `--kubelet-client-key=${write("kubelet-client.key", client.private)}`,
      `--kubelet-certificate-authority=${write("kubelet-ca.crt", ca.cert)}`,
      // The names of simulated nodes do not resolve; their addresses work.
      "--kubelet-preferred-address-types=InternalIP",
    ],
  };
}
