import Mocha from "mocha";
import { relative, sep } from "node:path";
import { skipReason } from "./requireTool.ts";

const { EVENT_RUN_END, EVENT_SUITE_BEGIN, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } =
  Mocha.Runner.constants;

interface Tier {
  tests: number;
  durationMs: number;
}

/**
 * Prints each test as it ends, then all failures, the reason for each skip, the tests and seconds
 * per tier (the folder under test/), and as the last line `N passed, N failed, N skipped`.
 */
export default class ClosingLineReporter extends Mocha.reporters.Base {
  readonly #tiers = new Map<string, Tier>();
  readonly #skipped: Mocha.Test[] = [];
  #passed = 0;

  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.on(EVENT_SUITE_BEGIN, (suite) => {
      if (suite.title !== "") print(`${indent(suite)}${suite.title}`);
    });
    runner.on(EVENT_TEST_PASS, (test) => {
      this.#passed += 1;
      this.#count(test);
      const slow = test.speed === "fast" ? "" : ` (${String(test.duration)} ms)`;
      print(`${indent(test.parent)}  ok    ${test.title}${slow}`);
    });
    runner.on(EVENT_TEST_FAIL, (test) => {
      this.#count(test);
      print(`${indent(test.parent)}  FAIL  ${test.title}`);
    });
    runner.on(EVENT_TEST_PENDING, (test) => {
      this.#skipped.push(test);
      print(`${indent(test.parent)}  skip  ${test.title}`);
    });
    runner.once(EVENT_RUN_END, () => {
      this.#close();
    });
  }

  #count(test: Mocha.Runnable): void {
    const tier = tierOf(test);
    const sum = this.#tiers.get(tier) ?? { tests: 0, durationMs: 0 };
    sum.tests += 1;
    sum.durationMs += test.duration ?? 0;
    this.#tiers.set(tier, sum);
  }

  #close(): void {
    if (this.failures.length > 0) {
      print("");
      Mocha.reporters.Base.list(this.failures);
    }
    if (this.#skipped.length > 0) print("\nSkipped:");
    for (const test of this.#skipped) {
      print(`  ${test.fullTitle()}: ${skipReason(test) ?? "no reason given"}`);
    }
    print("");
    for (const [tier, { tests, durationMs }] of this.#tiers) {
      print(`${tier}: ${String(tests)} tests, ${(durationMs / 1000).toFixed(1)} s`);
    }
    const counts = [
      `${String(this.#passed)} passed`,
      `${String(this.failures.length)} failed`,
      `${String(this.#skipped.length)} skipped`,
    ];
    print(counts.join(", "));
  }
}

function tierOf(test: Mocha.Runnable): string {
  if (test.file === undefined) return "hooks";
  const parts = relative(process.cwd(), test.file).split(sep);
  return parts[0] === "test" ? (parts[1] ?? "test") : (parts[0] ?? "test");
}

function indent(suite: Mocha.Suite | undefined): string {
  let depth = 0;
  for (let ancestor = suite; ancestor?.parent; ancestor = ancestor.parent) depth += 1;
  return "  ".repeat(Math.max(0, depth - 1));
}

/** Does not use console.log, because a test may have replaced it. */
function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
