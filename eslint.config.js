import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

/**
 * Bans that are patterns of the syntax tree; flat config replaces the whole list, so each folder
 * takes what it needs.
 */
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
  spreadArray: {
    selector: "SpreadElement > ArrayExpression",
    message: "Write the elements of the literal in place of spreading it.",
  },
  spreadObject: {
    selector: "SpreadElement > ObjectExpression",
    message: "Write the properties of the literal in place of spreading it.",
  },
  errorName: {
    selector: "AssignmentExpression[left.object.type='ThisExpression'][left.property.name='name']",
    message: 'Write `override readonly name = "X"` in the error class.',
  },
  transaction: {
    selector:
      "CallExpression[callee.object.name='Promise'][callee.property.name='all']:has(Identifier[name='trx'])",
    message: "Statements of one transaction go through pipelined(trx, [...]).",
  },
  mutableMember: {
    selector:
      "ExportNamedDeclaration > TSInterfaceDeclaration > TSInterfaceBody > TSPropertySignature[readonly!=true]",
    message: "Members of an exported interface are readonly; only its own file changes an object.",
  },
  milliseconds: {
    selector:
      "Literal[raw=/^[0-9]+(_000)+$/][value>=60000]:matches([raw=/^(60|120|300|600|900|1_800|3_600|86_400)_000$/])",
    message: "Write it with Second.ms, Minute.ms, Hour.ms or Day.ms.",
  },
};
const dialect = [
  bans.enums,
  bans.spreadArray,
  bans.spreadObject,
  bans.errorName,
  bans.transaction,
  bans.mutableMember,
  bans.milliseconds,
];
/**
 * For tests, and for the files that define the units: numbers of milliseconds may be written out.
 */
const plainDialect = [bans.enums, bans.spreadArray, bans.spreadObject, bans.errorName];

export default defineConfig(
  globalIgnores(["**/node_modules", "**/dist", "coverage", ".gpu-dev", "test-artifacts"]),
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "no-restricted-syntax": ["error", ...dialect, bans.now, bans.environment],
      "no-console": "error",
      "max-lines-per-function": ["error", { max: 50, skipBlankLines: true, skipComments: true }],
      "max-len": [
        "error",
        {
          code: Number.MAX_SAFE_INTEGER,
          comments: 100,
          ignoreUrls: true,
          ignorePattern: "^\\s*//\\s*(eslint-|@ts-)",
        },
      ],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "no-duplicate-imports": "error",
      "@typescript-eslint/return-await": ["error", "in-try-catch"],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      // The Kubernetes client's models are classes that everybody, its own documentation included,
      // fills by literals.
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
  {
    // They define the units.
    files: ["**/{clock,durations}.ts"],
    rules: { "no-restricted-syntax": ["error", ...plainDialect] },
  },
  {
    // Absence is undefined in code.
    files: ["{client,cli,extension,control-plane}/src/**/*.ts"],
    ignores: [
      // What enters and leaves as JSON, and rows of SQL.
      "client/src/absence.ts",
      "client/src/http/{apiClient,lenientParse}.ts",
      "control-plane/src/{http/presenters,store}/**",
      // The image of a request is stored as JSON, as it was sent.
      "control-plane/src/domain/catalogue.ts",
      // The document of a web page.
      "extension/src/details/webview/**",
    ],
    rules: {
      "@typescript-eslint/no-restricted-types": [
        "error",
        { types: { null: "Absence is undefined in code; convert null where it enters." } },
      ],
    },
  },
  {
    // Kubernetes objects, of which the API server and the agents fill drafts, and the running
    // totals of one request, one plan or one pod.
    files: [
      "dev-cluster/src/{kube,resources}/**/*.ts",
      "dev-cluster/src/nodeAgent/{kubeTypes,podRecords}.ts",
      "dev-cluster/src/scheduler/nodeFit.ts",
      "control-plane/src/domain/plan/pool.ts",
      "control-plane/src/http/request.ts",
    ],
    rules: {
      "no-restricted-syntax": [
        "error",
        ...dialect.filter((ban) => ban !== bans.mutableMember),
        bans.now,
        bans.environment,
      ],
    },
  },
  {
    // Programs, and the library for scripts.
    files: ["**/config.ts", "**/main.ts", "cli/**/*.ts", "client/src/gpuDev.ts"],
    rules: { "no-restricted-syntax": ["error", ...dialect, bans.now] },
  },
  {
    // Programs that people and scripts read.
    files: ["**/main.ts", "cli/**", "local/**", "test/bench/**", "**/build.ts", "**/package.ts"],
    rules: { "no-console": "off" },
  },
  {
    files: ["extension/**/*.ts"],
    rules: {
      "no-restricted-syntax": ["error", ...dialect, bans.now, bans.environment, bans.commands],
    },
  },
  {
    files: ["extension/src/core/settings.ts"],
    rules: { "no-restricted-syntax": ["error", ...dialect, bans.now, bans.commands] },
  },
  {
    files: ["extension/src/core/commands.ts"],
    rules: { "no-restricted-syntax": ["error", ...dialect, bans.now, bans.environment] },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      "no-restricted-syntax": ["error", ...plainDialect],
      "max-lines-per-function": "off",
      "@typescript-eslint/no-misused-spread": "off",
      "@typescript-eslint/no-non-null-assertion": "error",
    },
  },
);
