import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "./clock.ts";

const DAY_MILLIS = 24 * 60 * 60 * 1000;
const VALID_DAYS = 365;
/** Made anew when less is left, so that a long run does not end by it. */
const RENEW_DAYS = 60;

export interface Certificates {
  /** PEM of the authority; its key is not kept, a new pair brings a new authority. */
  ca: string;
  cert: string;
  key: string;
}

/** The server's certificate and its own authority, kept in the directory from one start to the next. */
export async function loadCertificates(directory: string, clock: Clock): Promise<Certificates> {
  const path = join(directory, "certificates.json");
  if (existsSync(path)) {
    const kept = JSON.parse(readFileSync(path, "utf8")) as Certificates;
    const end = new X509Certificate(kept.cert).validToDate.getTime();
    if (end - clock.now() > RENEW_DAYS * DAY_MILLIS) return kept;
  }
  const made = await makeCertificates(clock);
  writeFileSync(path, JSON.stringify(made), { mode: 0o600 });
  return made;
}

async function makeCertificates(clock: Clock): Promise<Certificates> {
  // Needed once a year: not worth its memory at every start.
  const { generate } = await import("selfsigned");
  const now = clock.now();
  const common = {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    // A little earlier, for a client whose clock is behind.
    notBeforeDate: new Date(now - DAY_MILLIS),
    notAfterDate: new Date(now + VALID_DAYS * DAY_MILLIS),
  } as const;
  const ca = await generate([{ name: "commonName", value: "dev-cluster CA" }], {
    ...common,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: "commonName", value: "dev-cluster" }], {
    ...common,
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
        ],
      },
    ],
  });
  return { ca: ca.cert, cert: server.cert, key: server.private };
}
