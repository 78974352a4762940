import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

/** Bans that are patterns of the syntax tree; flat config replaces the whole list, so each folder takes what it needs. */
const bans = {
  now: {
    selector:
      "CallExpression[callee.object.name='Date'][callee.property.name='now'], NewExpression[callee.name='Date'][arguments.length=0]",
    message: "Time comes from the injected clock; only a file named clock.ts reads the machine's.",
  },
  environment: {
    selector: "MemberExpression[object.name='process'][property.name='env']",
    message: "Only config.ts reads the environment; pass what you need as an argument.",
  },
  commands: {
    selector: "CallExpression[callee.property.name=/^register(TextEditor)?Command$/]",
    message: "Commands are registered in core/commands.ts alone.",
  },
  enums: { selector: "TSEnumDeclaration", message: "Use a const tuple and its union type." },
};

/** Who may import whom (test/architecture computes the same from the sources, also through re-exports). */
const forbidden = (...groups) => ({
  "no-restricted-imports": [
    "error",
    { patterns: groups.map(([group, message]) => ({ group, message, allowTypeImports: false })) },
  ],
});
const part = (name) => [`**/${name}/src/**`, `@gpu-dev/${name}/**`, `@gpu-dev/${name}`];
const no = {
  controlPlane: [part("control-plane"), "Nobody imports the control plane; talk to its API."],
  devCluster: [part("dev-cluster"), "dev-cluster is reached through the Kubernetes API alone."],
  cli: [[...part("cli"), "**/cli/bin/**"], "Nobody imports the command line."],
  extension: [part("extension"), "Nobody imports the extension."],
  local: [part("local"), "local/ starts the other parts; none of them knows it."],
  client: [
    part("client"),
    "The client library is for cli and extension; the control plane and dev-cluster never use it.",
  ],
  shared: [part("shared"), "dev-cluster imports nothing of ours: see docs/pod-contract.md."],
  sql: [["knex", "knex/*", "pg", "pg-*"], "Only store/ sees the database."],
  worker: [["graphile-worker"], "Only store/, reconcilers/ and main.ts see the job queue."],
  kubernetes: [["@kubernetes/client-node"], "Only cluster/ sees the Kubernetes client."],
  aws: [["@aws-sdk/*", "@smithy/*"], "Only auth/ sees the AWS SDK."],
  http: [["koa", "koa-*", "@koa/*"], "Only http/ sees Koa."],
  node: [["node:*"], "domain/ is pure."],
  servers: [
    ["koa", "knex", "pg", "@kubernetes/client-node", "pino"],
    "shared/ is for every client.",
  ],
};
const inside = (...folders) => [
  folders.flatMap((folder) => [`../${folder}/**`, `**/src/${folder}/**`]),
  `Not from here: ${folders.join(", ")} (docs/architecture.md says who may import whom).`,
];

export default defineConfig(
  globalIgnores(["**/node_modules", "**/dist", "coverage", ".gpu-dev", "test-artifacts"]),
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "no-restricted-syntax": ["error", bans.enums, bans.now, bans.environment],
      "no-console": "error",
      "max-lines-per-function": ["error", { max: 50, skipBlankLines: true, skipComments: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      // The Kubernetes client's models are classes that everybody, its own documentation included, fills by literals.
      "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
      // A preference, not a defect.
      "@typescript-eslint/consistent-type-definitions": "off",
      "@typescript-eslint/no-unnecessary-condition": [
        "error",
        { allowConstantLoopConditions: "always" },
      ],
    },
  },
  { files: ["**/*.js"], languageOptions: { globals: { process: "readonly", URL: "readonly" } } },
  { files: ["**/clock.ts"], rules: { "no-restricted-syntax": ["error", bans.enums] } },
  {
    files: ["**/config.ts", "**/main.ts", "cli/src/**/*.ts"],
    rules: { "no-restricted-syntax": ["error", bans.enums, bans.now] },
  },
  {
    // Programs that people and scripts read.
    files: ["**/main.ts", "cli/**", "local/**", "test/bench/**", "**/build.ts", "**/package.ts"],
    rules: { "no-console": "off" },
  },
  {
    files: ["shared/**/*.ts"],
    rules: forbidden(
      ...[no.controlPlane, no.devCluster, no.cli, no.extension, no.local, no.client],
      no.servers,
    ),
  },
  {
    files: ["client/**/*.ts"],
    rules: forbidden(
      ...[no.controlPlane, no.devCluster, no.cli, no.extension, no.local],
      no.servers,
    ),
  },
  {
    files: ["cli/**/*.ts"],
    rules: forbidden(no.controlPlane, no.devCluster, no.extension, no.local),
  },
  {
    files: ["extension/**/*.ts"],
    rules: {
      ...forbidden(no.controlPlane, no.devCluster, no.cli, no.local),
      "no-restricted-syntax": ["error", bans.enums, bans.now, bans.environment, bans.commands],
    },
  },
  {
    files: ["extension/src/core/settings.ts"],
    rules: { "no-restricted-syntax": ["error", bans.enums, bans.now, bans.commands] },
  },
  {
    files: ["extension/src/core/commands.ts"],
    rules: { "no-restricted-syntax": ["error", bans.enums, bans.now, bans.environment] },
  },
  {
    files: ["dev-cluster/**/*.ts"],
    rules: forbidden(no.shared, no.client, no.controlPlane, no.cli, no.extension, no.local),
  },
  { files: ["local/**/*.ts"], rules: forbidden(no.cli, no.extension) },
  ...controlPlane(),
  {
    files: ["test/**/*.ts"],
    rules: {
      "no-restricted-syntax": ["error", bans.enums],
      "no-restricted-imports": "off",
      "max-lines-per-function": "off",
      "@typescript-eslint/no-misused-spread": "off",
      "@typescript-eslint/no-non-null-assertion": "error",
    },
  },
);

/** http -> operations -> {domain, store, auth}; reconcilers -> {domain, store, cluster/port}; domain is pure. */
function controlPlane() {
  const rest = [no.devCluster, no.client, no.cli, no.extension, no.local];
  const at = (folder, ...groups) => ({
    files: [`control-plane/src/${folder}/**/*.ts`],
    rules: forbidden(...rest, ...groups),
  });
  const clusterButPort = [
    ["../cluster/**", "!../cluster/port.ts", "**/src/cluster/**"],
    "Only cluster/port.ts: main.ts builds the adapter.",
  ];
  return [
    {
      files: ["control-plane/**/*.ts"],
      rules: forbidden(...rest, no.sql, no.kubernetes, no.aws, no.http),
    },
    { files: ["control-plane/src/main.ts"], rules: forbidden(...rest) },
    at(
      "domain",
      ...[no.sql, no.kubernetes, no.aws, no.http, no.worker, no.node],
      inside("store", "http", "operations", "reconcilers", "cluster", "auth", "config"),
    ),
    at(
      "store",
      no.kubernetes,
      no.aws,
      no.http,
      inside("http", "operations", "reconcilers", "cluster", "auth"),
    ),
    at(
      "auth",
      no.sql,
      no.kubernetes,
      no.http,
      inside("http", "operations", "reconcilers", "cluster"),
    ),
    at(
      "cluster",
      no.sql,
      no.aws,
      no.http,
      inside("http", "operations", "reconcilers", "store", "auth"),
    ),
    at(
      "operations",
      ...[no.sql, no.kubernetes, no.aws, no.http, no.worker],
      inside("http", "reconcilers"),
      clusterButPort,
    ),
    at(
      "reconcilers",
      ...[no.sql, no.kubernetes, no.aws, no.http],
      inside("http", "operations", "auth"),
      clusterButPort,
    ),
    at("http", no.sql, no.kubernetes, no.aws, no.worker, inside("store", "reconcilers", "cluster")),
  ];
}
