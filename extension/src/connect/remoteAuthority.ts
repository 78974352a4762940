/** Microsoft's Remote-SSH and its kin open windows under this name. */
const SSH_REMOTE = "ssh-remote";

/**
 * The ssh host that a remote window is connected to, from its authority: "ssh-remote+gpu-dev-demo", or with the
 * host as JSON in hex, as Remote-SSH writes it where a plain name would not do. Null for any other kind of remote.
 */
export function hostFromAuthority(authority: string): string | null {
  const [kind, ...rest] = authority.replace(/%2b/i, "+").split("+");
  const label = rest.join("+");
  if (kind?.toLowerCase() !== SSH_REMOTE || label === "") return null;
  const host = hostFromHex(label) ?? withoutUserAndPort(label);
  return host === "" ? null : host.toLowerCase();
}

/** The authority under which an editor opens an ssh host. */
export function authorityFor(host: string): string {
  return `${SSH_REMOTE}+${host}`;
}

function hostFromHex(label: string): string | null {
  if (!/^(?:[0-9a-f]{2})+$/i.test(label)) return null;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(label, "hex").toString("utf8"));
    if (typeof parsed !== "object" || parsed === null || !("hostName" in parsed)) return null;
    return typeof parsed.hostName === "string" ? parsed.hostName : null;
  } catch {
    // A host name may consist of hex digits by chance.
    return null;
  }
}

function withoutUserAndPort(label: string): string {
  return label.slice(label.lastIndexOf("@") + 1).replace(/:\d+$/, "");
}
