import { Day, type Clock } from "./platform/clock.ts";
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const VALID_DAYS = 365;
/**
 * A certificate with less time left is renewed at start-up, so that it does not expire during a
 * long run.
 */
const RENEW_DAYS = 60;

export interface Certificates {
  /** PEM of the authority; its key is not stored, so a new certificate has a new authority. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** The server's certificate and its authority, stored in the directory for the next start. */
export async function loadCertificates(directory: string, clock: Clock): Promise<Certificates> {
  const path = join(directory, "certificates.json");
  if (existsSync(path)) {
    const stored = JSON.parse(readFileSync(path, "utf8")) as Certificates;
    const end = new X509Certificate(stored.cert).validToDate.getTime();
    if (end - clock.now() > RENEW_DAYS * Day.ms) return stored;
  }
  const created = await makeCertificates(clock);
  writeFileSync(path, JSON.stringify(created), { mode: 0o600 });
  return created;
}

async function makeCertificates(clock: Clock): Promise<Certificates> {
  // Loaded only when needed, about once a year, to save memory at every other start-up.
  const { generate } = await import("selfsigned");
  const now = clock.now();
  const common = {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    // In the past, for clients whose clocks are behind.
    notBeforeDate: new Date(now - Day.ms),
    notAfterDate: new Date(now + VALID_DAYS * Day.ms),
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
