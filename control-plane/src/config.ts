import { userInfo } from "node:os";
import { parseArgs } from "node:util";
import { z } from "zod";
import { ROLES, type Role } from "@gpu-dev/shared/api/resources.ts";
import { NAME_PATTERN, userName } from "@gpu-dev/shared/names.ts";
import packageJson from "../package.json" with { type: "json" };
import { CATALOGUE_FILE } from "./catalogueFile.ts";

const LOOPBACK = ["127.0.0.1", "localhost", "::1"];

const rate = (fallback: number) => z.coerce.number().positive().max(1_000_000).default(fallback);

/** Defaults stand here and nowhere else. */
const schema = z
  .object({
    role: z.enum(["all", "api", "reconcilers", "migrate"]).default("all"),
    host: z.string().min(1).default("127.0.0.1"),
    port: z.coerce.number().int().min(0).max(65_535).default(8710),
    databaseUrl: z
      .string({ error: "is missing: set DATABASE_URL" })
      .regex(/^postgres(?:ql)?:\/\//, "must begin with postgres:// or postgresql://"),
    kubeconfig: z.string().min(1).optional(),
    inCluster: z.stringbool().default(false),
    namespace: z
      .string()
      .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "must be a Kubernetes name")
      .default("gpu-dev"),
    signIn: z.enum(["development", "none"]).default("development"),
    developmentSecretFile: z.string().min(1).optional(),
    developmentRoles: z
      .string()
      .default("operator=operator,admin=admin")
      .transform((text) => text.split(",").filter((entry) => entry.trim() !== ""))
      .transform((entries) => entries.map((entry) => entry.split("=").map((part) => part.trim())))
      .pipe(z.array(z.tuple([userName, z.enum(ROLES)]), "must be user=role, comma-separated"))
      .transform((entries): ReadonlyMap<string, Role> => new Map(entries)),
    publicHosts: z
      .string()
      .transform((text) => text.split(",").map((host) => host.trim().toLowerCase()))
      .pipe(z.array(z.string().regex(/^[a-z0-9.-]+(?::\d{1,5})?$/, "must be names of hosts")))
      .default([]),
    healthPort: z.coerce.number().int().min(0).max(65_535).optional(),
    catalogueFile: z.string().min(1).default(CATALOGUE_FILE),
    sshServerImage: z
      .string()
      .regex(/^\S+$/, "must be the reference of an image")
      .default(`ghcr.io/gpu-dev/ssh-server:${packageJson.version}`),
    concurrency: z.coerce.number().int().min(1).max(64).default(8),
    poolSize: z.coerce.number().int().min(2).max(100).default(16),
    logLevel: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info"),
    exitWithParent: z.boolean().default(false),
    validateResponses: z.stringbool().default(false),
    readsPerSecond: rate(1_000),
    writesPerSecond: rate(20),
    strangersPerSecond: rate(20),
  })
  .superRefine((config, context) => {
    const refuse = (path: string, message: string): void => {
      context.addIssue({ code: "custom", path: [path], message });
    };
    if (config.role === "migrate") return;
    const serves = config.role !== "reconcilers";
    const development = config.signIn === "development";
    if (serves && development && config.developmentSecretFile === undefined) {
      refuse("developmentSecretFile", "is missing: without it nobody could sign in");
    }
    if (!development && config.developmentSecretFile !== undefined) {
      refuse("signIn", "is none, and a secret for development sign-in is given; leave one out");
    }
    if (config.developmentSecretFile !== undefined && !LOOPBACK.includes(config.host)) {
      refuse(
        "host",
        `${config.host} is not loopback, and development sign-in serves only loopback`,
      );
    }
    if (config.kubeconfig !== undefined && config.inCluster) {
      refuse("inCluster", "is set, and a kubeconfig too; leave one out");
    }
    if (config.role !== "api" && config.kubeconfig === undefined && !config.inCluster) {
      refuse("kubeconfig", "is missing: the reconcilers need a cluster");
    }
    if (serves && !LOOPBACK.includes(config.host) && config.publicHosts.length === 0) {
      refuse("publicHosts", "is missing: the server answers to its own names alone");
    }
  });

export type Config = z.output<typeof schema> & { readonly defaultUser: string };

/** Where each value comes from: an option, or an environment variable. Options win. */
const SOURCES: Record<
  keyof z.input<typeof schema>,
  { readonly option?: string; readonly variable?: string; readonly help: string }
> = {
  role: {
    option: "role",
    variable: "GPU_DEV_ROLE",
    help: "all, api, reconcilers or migrate; default all",
  },
  host: {
    option: "host",
    variable: "GPU_DEV_HOST",
    help: "address to listen on; default 127.0.0.1",
  },
  port: { option: "port", variable: "GPU_DEV_PORT", help: "default 8710; 0 takes a free one" },
  databaseUrl: {
    option: "database-url",
    variable: "DATABASE_URL",
    help: "PostgreSQL; prefer the variable, as options can be seen by others",
  },
  kubeconfig: { option: "kubeconfig", variable: "GPU_DEV_KUBECONFIG", help: "file of the cluster" },
  inCluster: {
    variable: "GPU_DEV_IN_CLUSTER",
    help: "true: the service account of the pod that this runs in",
  },
  namespace: {
    option: "namespace",
    variable: "GPU_DEV_NAMESPACE",
    help: "of user pods; default gpu-dev",
  },
  signIn: {
    variable: "GPU_DEV_SIGN_IN",
    help: "development or none: with none, nobody gets a new token; default development",
  },
  publicHosts: {
    variable: "GPU_DEV_PUBLIC_HOSTS",
    help: "names by which clients reach it, comma-separated; beside loopback's",
  },
  healthPort: {
    variable: "GPU_DEV_HEALTH_PORT",
    help: "where /healthz, /readyz and /metrics are, to any name; none unless set",
  },
  developmentSecretFile: {
    option: "development-secret-file",
    variable: "GPU_DEV_DEVELOPMENT_SECRET_FILE",
    help: "0600 file with the secret of development sign-in",
  },
  developmentRoles: {
    option: "development-roles",
    variable: "GPU_DEV_DEVELOPMENT_ROLES",
    help: "user=role,... of development sign-in; default operator=operator,admin=admin",
  },
  catalogueFile: {
    option: "catalogue",
    variable: "GPU_DEV_CATALOGUE",
    help: "types, images and limits; default infra/catalogue.yaml",
  },
  sshServerImage: {
    variable: "GPU_DEV_SSH_SERVER_IMAGE",
    help: "what brings the SSH server into users' pods; default the one of this version",
  },
  concurrency: {
    option: "concurrency",
    variable: "GPU_DEV_CONCURRENCY",
    help: "reconciler runs at once; default 8",
  },
  poolSize: {
    variable: "GPU_DEV_POOL_SIZE",
    help: "database connections, beside those of the job queue and of the events; default 16",
  },
  logLevel: { option: "log-level", variable: "GPU_DEV_LOG_LEVEL", help: "default info" },
  exitWithParent: { option: "exit-with-parent", help: "stop in order when standard input closes" },
  validateResponses: {
    variable: "GPU_DEV_VALIDATE_RESPONSES",
    help: "true: answers are checked against their schemas",
  },
  readsPerSecond: { variable: "GPU_DEV_READS_PER_SECOND", help: "per user; default 1000" },
  writesPerSecond: {
    variable: "GPU_DEV_WRITES_PER_SECOND",
    help: "per user; default 20, bursts 5 x",
  },
  strangersPerSecond: {
    variable: "GPU_DEV_STRANGERS_PER_SECOND",
    help: "per address, not signed in; default 20, bursts 5 x",
  },
};

export class ConfigProblem extends Error {
  override readonly name = "ConfigProblem";
}

/**
 * Reads the configuration once.
 * @returns undefined when only help was asked for
 * @throws ConfigProblem that lists everything that is wrong
 */
export function readConfig(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Config | undefined {
  const options = parseOptions(argv);
  if (options["help"] === true) return undefined;
  const raw = Object.entries(SOURCES).map(([key, { option, variable }]) => {
    const given = option === undefined ? undefined : options[option];
    const fallback = variable === undefined ? undefined : environment[variable];
    return [key, given ?? (fallback === "" ? undefined : fallback)] as const;
  });
  const parsed = schema.safeParse(Object.fromEntries(raw));
  if (parsed.success) return { ...parsed.data, defaultUser: defaultUser() };
  const problems = parsed.error.issues.map((issue) => {
    const key = String(issue.path[0]) as keyof typeof SOURCES;
    const { option, variable } = SOURCES[key];
    const names = [option && `--${option}`, variable].filter(Boolean).join(" or ");
    return `  ${names}: ${issue.message}`;
  });
  throw new ConfigProblem(`the configuration is not valid:\n${problems.join("\n")}`);
}

export function describeOptions(): string {
  const lines = Object.values(SOURCES).map(({ option, variable, help }) => {
    const name = option === undefined ? "" : `--${option}`;
    return `  ${name.padEnd(26)} ${(variable ?? "").padEnd(32)} ${help}`;
  });
  return `The control plane of GPU Dev Servers.\n\n${lines.join("\n")}\n`;
}

/** As it may be logged: a database URL has a password. */
export function redactConfig(config: Config): Record<string, unknown> {
  const url = URL.parse(config.databaseUrl);
  return {
    ...config,
    databaseUrl: url ? `${url.protocol}//${url.host}${url.pathname}` : "[redacted]",
  };
}

function parseOptions(argv: readonly string[]): Record<string, string | boolean | undefined> {
  const named = Object.values(SOURCES).flatMap(({ option }) => option ?? []);
  const flag = { type: "boolean" } as const;
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: false,
      options: {
        ...Object.fromEntries(named.map((option) => [option, { type: "string" } as const])),
        "exit-with-parent": flag,
        help: { ...flag, short: "h" },
      },
    }).values;
  } catch (cause) {
    throw new ConfigProblem(`${(cause as Error).message}; --help lists the options`, { cause });
  }
}

/** The name of whoever started the server, made into a user name. */
export function defaultUser(whoAmI: () => { readonly username: string } = userInfo): string {
  const name = nameOf(whoAmI)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^[^a-z]+|-+$/g, "");
  return NAME_PATTERN.test(name) ? name : "dev";
}

/** In an image the number that a process runs under has no account, and then asking for its name throws. */
function nameOf(whoAmI: () => { readonly username: string }): string {
  try {
    return whoAmI().username;
  } catch {
    return "";
  }
}
