import { Command, CommanderError, Option } from "commander";
import { z } from "zod";
import { ROLES, type Role } from "@gpu-dev/shared/api/resources.ts";
import { userName } from "@gpu-dev/shared/api/names.ts";
import packageJson from "../package.json" with { type: "json" };
import { CATALOGUE_FILE } from "./catalogueFile.ts";

// Long because: every setting of the program is a row of one table.
const LOOPBACK = ["127.0.0.1", "localhost", "::1"];

const count = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const path = z.string().min(1).optional();
/** A flag is a boolean on the command line and a word in the environment. */
const flag = z
  .union([z.boolean(), z.stringbool()], { error: "must be true or false" })
  .default(false);
const perSecond = z.coerce.number().positive().max(1_000_000);

const hosts = z
  .string()
  .transform((text) => text.split(",").map((host) => host.trim().toLowerCase()))
  .pipe(z.array(z.string().regex(/^[a-z0-9.-]+(?::\d{1,5})?$/, "must be names of hosts")))
  .default([]);

const roles = z.string().transform((text, context): ReadonlyMap<string, Role> => {
  const assigned = new Map<string, Role>();
  for (const entry of text.split(",").filter((part) => part.trim() !== "")) {
    const [name = "", ...words] = entry.split("=").map((part) => part.trim());
    const role = z.enum(ROLES).safeParse(words[0]);
    const problem =
      words.length !== 1 || !userName.safeParse(name).success || !role.success
        ? `"${entry.trim()}" is not user=role; write entries like ada=operator, with a role of ${ROLES.join(", ")}`
        : assigned.has(name)
          ? `"${name}" has several roles; keep one entry`
          : undefined;
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
    else if (role.success) assigned.set(name, role.data);
  }
  return assigned;
});

/** The value is not part of the message: it may contain a password. */
const databaseUrl = z
  .string({ error: "is missing; write postgres://USER:PASSWORD@HOST:PORT/DATABASE" })
  .refine((text) => /^postgres(?:ql)?:\/\//.test(text) && URL.canParse(text), {
    error:
      "is not a PostgreSQL URL; write postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters of the password percent-encoded",
  });

/**
 * Every setting: its option, its variable, its default and its form. An option wins over the
 * variable.
 */
const SETTINGS = {
  role: [
    option("--role <role>", "GPU_DEV_ROLE", "all, api, reconcilers or migrate").default("all"),
    z.enum(["all", "api", "reconcilers", "migrate"]),
  ],
  host: [
    option("--host <address>", "GPU_DEV_HOST", "address to listen on").default("127.0.0.1"),
    z.string().min(1),
  ],
  port: [
    option("--port <number>", "GPU_DEV_PORT", "port of the API; 0 takes a free one").default(8710),
    count(0, 65_535),
  ],
  publicHosts: [
    option(
      "--public-hosts <names>",
      "GPU_DEV_PUBLIC_HOSTS",
      "host names that clients use besides loopback, comma-separated",
    ),
    hosts,
  ],
  healthPort: [
    option(
      "--health-port <number>",
      "GPU_DEV_HEALTH_PORT",
      "port of /healthz, /readyz and /metrics for probes; closed unless set",
    ),
    count(0, 65_535).optional(),
  ],
  databaseUrl: [
    option(
      "--database-url <url>",
      "DATABASE_URL",
      "PostgreSQL; prefer the variable, because other users can see options",
    ),
    databaseUrl,
  ],
  poolSize: [
    option(
      "--pool-size <number>",
      "GPU_DEV_POOL_SIZE",
      "database connections, in addition to those of the job queue and the event stream",
    ).default(16),
    count(2, 100),
  ],
  kubeconfig: [
    option("--kubeconfig <file>", "GPU_DEV_KUBECONFIG", "how to reach the cluster"),
    path,
  ],
  inCluster: [
    option(
      "--in-cluster",
      "GPU_DEV_IN_CLUSTER",
      "use the service account of the pod that this process runs in",
    ),
    flag,
  ],
  namespace: [
    option("--namespace <name>", "GPU_DEV_NAMESPACE", "namespace of user pods").default("gpu-dev"),
    z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "must be a Kubernetes name"),
  ],
  sshServerImage: [
    option(
      "--ssh-server-image <image>",
      "GPU_DEV_SSH_SERVER_IMAGE",
      "init image that installs the SSH server in user pods",
    ).default(`ghcr.io/gpu-dev/ssh-server:${packageJson.version}`),
    z.string().regex(/^\S+$/, "must be an image reference"),
  ],
  catalogueFile: [
    option("--catalogue <file>", "GPU_DEV_CATALOGUE", "GPU types, images and limits").default(
      CATALOGUE_FILE,
      "infra/catalogue.yaml",
    ),
    z.string().min(1),
  ],
  concurrency: [
    option("--concurrency <number>", "GPU_DEV_CONCURRENCY", "reconciler runs at once").default(8),
    count(1, 64),
  ],
  signIn: [
    option(
      "--sign-in <method>",
      "GPU_DEV_SIGN_IN",
      "development, or none: existing tokens stay valid and no new ones are issued",
    ).default("development"),
    z.enum(["development", "none"]),
  ],
  developmentSecretFile: [
    option(
      "--development-secret-file <file>",
      "GPU_DEV_DEVELOPMENT_SECRET_FILE",
      "file with mode 0600 that holds the secret of development sign-in",
    ),
    path,
  ],
  developmentRoles: [
    option(
      "--development-roles <list>",
      "GPU_DEV_DEVELOPMENT_ROLES",
      "roles of development users as user=role, comma-separated; all others are user",
    ).default("operator=operator,admin=admin"),
    roles,
  ],
  readsPerSecond: [
    option("--reads-per-second <number>", "GPU_DEV_READS_PER_SECOND", "per user").default(1_000),
    perSecond,
  ],
  writesPerSecond: [
    option(
      "--writes-per-second <number>",
      "GPU_DEV_WRITES_PER_SECOND",
      "per user; bursts of 5 times as many",
    ).default(20),
    perSecond,
  ],
  anonymousPerSecond: [
    option(
      "--anonymous-per-second <number>",
      "GPU_DEV_ANONYMOUS_PER_SECOND",
      "per address, requests without a valid token; bursts of 5 times as many",
    ).default(20),
    perSecond,
  ],
  validateResponses: [
    option(
      "--validate-responses",
      "GPU_DEV_VALIDATE_RESPONSES",
      "check response bodies against their schemas",
    ),
    flag,
  ],
  logLevel: [
    option("--log-level <level>", "GPU_DEV_LOG_LEVEL", "trace to error, or silent").default("info"),
    z.enum(["trace", "debug", "info", "warn", "error", "silent"]),
  ],
  exitWithParent: [
    option("--exit-with-parent", undefined, "stop in order when standard input closes"),
    flag,
  ],
} as const satisfies Record<string, readonly [Option, z.ZodType]>;

/** Renamed variables are refused: ignoring one would silently apply a default. */
const RENAMED = { GPU_DEV_STRANGERS_PER_SECOND: "GPU_DEV_ANONYMOUS_PER_SECOND" };

type Key = keyof typeof SETTINGS;
type Shape = { readonly [K in Key]: (typeof SETTINGS)[K][1] };
export type Config = z.output<z.ZodObject<Shape>>;

/** The settings as one schema, with the rules that concern several of them. */
const shape = Object.fromEntries(Object.entries(SETTINGS).map(([key, [, form]]) => [key, form]));
const schema = z.object(shape as unknown as Shape).superRefine((config, context) => {
  for (const [key, message] of findConflicts(config)) {
    context.addIssue({ code: "custom", path: [key], message });
  }
});

export class ConfigProblem extends Error {
  override readonly name = "ConfigProblem";
}

/**
 * Reads the configuration once.
 * @returns undefined if only help was requested
 * @throws ConfigProblem that lists every problem
 */
export function readConfig(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Config | undefined {
  const program = createProgram();
  if (!parseOptions(program, argv)) return undefined;
  const raw = Object.entries(SETTINGS).map(([key, [setting]]) => {
    const name = setting.attributeName();
    if (program.getOptionValueSource(name) === "cli") {
      return [key, program.getOptionValue(name) as unknown];
    }
    // An empty variable counts as unset: manifests cannot leave one out conditionally.
    const variable = setting.envVar === undefined ? "" : (environment[setting.envVar] ?? "");
    return [key, variable === "" ? (setting.defaultValue as unknown) : variable];
  });
  const parsed = schema.safeParse(Object.fromEntries(raw));
  const problems = [
    ...Object.entries(RENAMED)
      .filter(([old]) => (environment[old] ?? "") !== "")
      .map(([old, name]) => `  ${old}: was renamed; set ${name}`),
    ...(parsed.error?.issues ?? []).map((issue) => {
      const [{ long, envVar }] = SETTINGS[String(issue.path[0]) as Key];
      return `  ${[long, envVar].filter(Boolean).join(" or ")}: ${issue.message}`;
    }),
  ];
  if (!parsed.success || problems.length > 0) {
    throw new ConfigProblem(`the configuration is not valid:\n${problems.join("\n")}`);
  }
  return parsed.data;
}

export function describeOptions(): string {
  return createProgram().helpInformation();
}

/** The configuration as it may be logged: the database URL contains a password. */
export function redactConfig(config: Config): Record<string, unknown> {
  const url = URL.parse(config.databaseUrl);
  return {
    ...config,
    developmentRoles: Object.fromEntries(config.developmentRoles),
    databaseUrl: url ? `${url.protocol}//${url.host}${url.pathname}` : "[redacted]",
  };
}

function option(flags: string, variable: string | undefined, help: string): Option {
  const created = new Option(flags, help);
  return variable === undefined ? created : created.env(variable);
}

function createProgram(): Command {
  const program = new Command("control-plane")
    .description("The control plane of GPU Dev Servers.")
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    .configureHelp({ helpWidth: 100 });
  for (const [setting] of Object.values(SETTINGS)) program.addOption(setting);
  return program;
}

/** @returns false if only help was requested */
function parseOptions(program: Command, argv: readonly string[]): boolean {
  try {
    program.parse(argv, { from: "user" });
    return true;
  } catch (cause) {
    if (!(cause instanceof CommanderError)) throw cause;
    if (cause.code === "commander.helpDisplayed") return false;
    // Never a value or a stray argument: it may contain a password.
    const message = cause.message.replace(/^error: /, "").replace(/=[^']*|: .*|\.$/g, "");
    throw new ConfigProblem(`${message}; --help lists the options`);
  }
}

function* findConflicts(config: Config): Generator<readonly [Key, string]> {
  if (config.role === "migrate") return;
  const serves = config.role !== "reconcilers";
  const onLoopback = LOOPBACK.includes(config.host);
  const development = config.signIn === "development";
  const hasSecret = config.developmentSecretFile !== undefined;
  if (serves && development && !hasSecret) {
    yield ["developmentSecretFile", "is missing: without it nobody could sign in"];
  }
  if (!development && hasSecret) {
    yield ["signIn", "is none, but a secret for development sign-in is given; remove one of them"];
  }
  if (hasSecret && !onLoopback) {
    yield ["host", `${config.host} is not loopback; development sign-in is for loopback only`];
  }
  if (config.kubeconfig !== undefined && config.inCluster) {
    yield ["inCluster", "is set, but a kubeconfig is given too; remove one of them"];
  }
  if (config.role !== "api" && config.kubeconfig === undefined && !config.inCluster) {
    yield ["kubeconfig", "is missing: the reconcilers need a cluster"];
  }
  if (serves && !onLoopback && config.publicHosts.length === 0) {
    yield ["publicHosts", "is missing: the server accepts only requests to its own host names"];
  }
}
