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
};

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
  { files: ["**/clock.ts"], rules: { "no-restricted-syntax": ["error", bans.enums] } },
  {
    // Programs, and the library for scripts.
    files: ["**/config.ts", "**/main.ts", "cli/src/**/*.ts", "client/src/gpuDev.ts"],
    rules: { "no-restricted-syntax": ["error", bans.enums, bans.now] },
  },
  {
    // Programs that people and scripts read.
    files: ["**/main.ts", "cli/**", "local/**", "test/bench/**", "**/build.ts", "**/package.ts"],
    rules: { "no-console": "off" },
  },
  {
    files: ["extension/**/*.ts"],
    rules: {
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
    files: ["test/**/*.ts"],
    rules: {
      "no-restricted-syntax": ["error", bans.enums],
      "max-lines-per-function": "off",
      "@typescript-eslint/no-misused-spread": "off",
      "@typescript-eslint/no-non-null-assertion": "error",
    },
  },
);
