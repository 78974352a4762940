/** What the environment says to `npm start`; only this file reads it. */
export interface Environment {
  /** Another PostgreSQL in place of the embedded one. Here rather than in an argument: it carries a password. */
  readonly databaseUrl: string | null;
  /** For the parts: everything but the database's address, which the dev cluster and its pods must not see. */
  readonly inherited: NodeJS.ProcessEnv;
  readonly path: string;
}

export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const { DATABASE_URL: databaseUrl, ...inherited } = env;
  return { databaseUrl: databaseUrl ?? null, inherited, path: env["PATH"] ?? "" };
}
