/**
 * Which file may import which. This is the only statement of the import rules; `npm run imports`
 * checks them, type-only imports included. test/architecture/importRules.test.ts breaks each rule
 * once and expects the violation.
 */
import { builtinModules } from "node:module";

/** The parts of the repository, and the other parts that each may import. */
const PARTS = {
  shared: [],
  client: ["shared"],
  "control-plane": ["shared"],
  cli: ["client", "shared"],
  extension: ["client", "shared"],
  // A real cluster can replace it: it knows only docs/pod-contract.md.
  "dev-cluster": [],
  local: ["shared"],
};

/**
 * Folders of the control plane, and the other folders that each may import. All but domain/ may
 * import platform/.
 */
const LAYERS = {
  platform: [],
  domain: [],
  store: ["platform/", "domain/"],
  auth: ["platform/", "domain/", "store/"],
  cluster: ["platform/", "domain/"],
  operations: ["platform/", "domain/", "store/", "auth/", "cluster/port[.]ts$"],
  reconcilers: ["platform/", "domain/", "store/", "cluster/port[.]ts$"],
  http: ["platform/", "domain/", "operations/"],
};

/** Packages that only these folders of the control plane load, and no other part. */
const OWNERS = {
  knex: ["store"],
  pg: ["store"],
  "graphile-worker": ["store", "reconcilers"],
  "@kubernetes/client-node": ["cluster"],
  koa: ["http"],
  "@koa/router": ["http"],
  "prom-client": ["http", "platform"],
};

/**
 * Files of the extension that load `vscode`: entry, composition, command handlers, views and thin
 * adapters.
 */
const EDITOR_FILES = [
  "account/accountCommands",
  "extension",
  "composition",
  "connect/(connect|openRemoteWindow|readyHost|terminals|watchRemoteWindow)",
  "notify/notifications",
  "report/report",
  "details/detailsPanels",
  "reservation/(cancel|extend|pickReservation|sendWithRetry|showDetails|virtualText)",
  "reserve/(followStart|pages|send|wizard)",
  "statusBar/statusBar",
  "tree/(treeProvider|treeViews)",
  "walkthrough/watchWalkthrough",
];

const parts = Object.keys(PARTS);
const PRODUCT = `^(${parts.join("|")})/`;
const CONTROL_PLANE = "^control-plane/src/";
const packages = (...names) => `^node_modules/(@types/)?(${names.join("|")})/`;
const NODE = `^(node:.+|(${builtinModules.join("|")}))$`;

/** `allowed` are patterns of what `from` may import; anything else is a violation. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: "error",
  from: { path: from },
  to: { pathNot: allowed },
});

const never = (name, from, to, comment) => ({ name, comment, severity: "error", from, to });

const forbidden = [
  never(
    "no-circular",
    {},
    { circular: true },
    "Two files that need each other belong together, or share a third.",
  ),
  never("no-unresolved", {}, { couldNotResolve: true }, "The imported file or package is missing."),
  never(
    "no-tests-in-product",
    { path: PRODUCT },
    { path: "^test/" },
    "Tests are not part of what is shipped.",
  ),
  ...parts.map((part) =>
    never(
      `part-${part}`,
      { path: `^${part}/` },
      { path: PRODUCT, pathNot: [part, ...PARTS[part]].map((allowed) => `^${allowed}/`) },
      "docs/architecture.md says which part may import which.",
    ),
  ),
  never(
    "shared-packages",
    { path: "^shared/" },
    { path: "^node_modules/", pathNot: packages("zod") },
    "The contract needs schemas and nothing else: every client and every server loads it.",
  ),
  never(
    "client-packages",
    { path: "^client/" },
    { path: "^node_modules/", pathNot: packages("zod", "eventsource-parser") },
    "The client library is bundled into the command line and into the extension.",
  ),
  never(
    "web-only",
    { path: "^(shared/src/api|client/src/http)/" },
    { path: NODE, reachable: true },
    "The contract and the API client use web APIs only, so they also run in a browser.",
  ),
  ...Object.entries(LAYERS).map(([folder, allowed]) =>
    never(
      `layer-${folder}`,
      { path: `${CONTROL_PLANE}${folder}/` },
      {
        path: CONTROL_PLANE,
        pathNot: [`${folder}/`, ...allowed].map((each) => `${CONTROL_PLANE}${each}`),
      },
      "http -> {operations, domain}; operations -> {domain, store, auth, cluster/port}; reconcilers -> {domain, store, cluster/port}.",
    ),
  ),
  only(
    "domain-is-pure",
    `${CONTROL_PLANE}domain/`,
    [`${CONTROL_PLANE}domain/`, "^shared/", packages("zod")],
    "The domain imports itself, shared and zod: no input, no output, no time.",
  ),
  never(
    "decisions-are-pure",
    {
      path: `${CONTROL_PLANE}reconcilers/reservation/(states/|(decide|decision|observation|messages|startProgress)[.]ts$)`,
    },
    { path: `${CONTROL_PLANE}store/`, reachable: true },
    "A decision sees an observation; observe.ts reads, and act.ts writes.",
  ),
  never(
    "adapters-only-in-composition",
    { path: CONTROL_PLANE, pathNot: [`${CONTROL_PLANE}(cluster/|composition[.]ts$)`] },
    { path: `${CONTROL_PLANE}cluster/`, pathNot: `${CONTROL_PLANE}cluster/port[.]ts$` },
    "composition.ts builds the adapters; everything else sees cluster/port.ts.",
  ),
  never(
    "no-http-client-in-reconcilers",
    { path: `${CONTROL_PLANE}(reconcilers|operations)/` },
    { path: "^(node:)?https?2?$" },
    "Reconcilers and operations reach the world through the store and the cluster port.",
  ),
  ...Object.entries(OWNERS).map(([name, folders]) =>
    never(
      `owner-of-${name}`,
      { path: PRODUCT, pathNot: `${CONTROL_PLANE}(${folders.join("|")})/` },
      { path: packages(name) },
      `Only ${folders.join(" and ")} of the control plane load ${name}.`,
    ),
  ),
  never(
    "owner-of-aws",
    { path: "^control-plane/", pathNot: `${CONTROL_PLANE}(auth|cluster/capacity)/` },
    { path: "^node_modules/@(aws-sdk|smithy)/" },
    "Only auth and cluster/capacity of the control plane load the AWS SDK.",
  ),
  never(
    "editor-only-in-adapters",
    { path: "^extension/src/", pathNot: `^extension/src/(${EDITOR_FILES.join("|")})[.]ts$` },
    { path: packages("vscode"), dependencyTypesNot: ["type-only"] },
    "Entry, composition, command handlers, views and thin adapters load `vscode`; the rest runs without an editor.",
  ),
];

export default {
  forbidden,
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(?!node_modules/).*(dist|[.]gpu-dev)/" },
    tsPreCompilationDeps: true,
    detectProcessBuiltinModuleCalls: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".js", ".json", ".d.ts"],
    },
  },
};
