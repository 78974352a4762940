/** How an agent reaches a Kubernetes API server, this one or any other. */
export interface ApiAccess {
  /** Such as https://127.0.0.1:6443, without a path. */
  url: string;
  /** PEM of the authority that signed the server's certificate. */
  ca: string;
  /** Bearer token, where the agent signs in with one. */
  token?: string;
  /** PEM of a client certificate and its key, where it signs in with these. */
  cert?: string;
  key?: string;
}
