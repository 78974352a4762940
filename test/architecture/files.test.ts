import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { read, repositoryFiles, ROOT, sourceFiles } from "./sources.ts";

const BANNED_NAMES = new Set(["utils", "util", "helpers", "helper", "manager", "common", "misc"]);
/** Names that a command, or a program that reads the file, decides. */
const NAMED_BY_OTHERS = new Set(["cli/bin/gpu-dev.js", ".dependency-cruiser.js"]);
const CLOCK = /\bDate\.now\(|\bnew Date\(\)/;

describe("files", () => {
  it("are at most 400 lines long, and give a reason beyond 300", () => {
    const long = sourceFiles().filter((path) => {
      const text = read(path);
      const lines = text.split("\n").length - 1;
      return lines > 400 || (lines > 300 && !text.includes("// Long because: "));
    });
    assert.deepEqual(long, []);
  });

  it("are named in camelCase after the noun that they own", () => {
    const bad = sourceFiles().filter((path) => {
      const name = basename(path).replace(/^\./, "").split(".")[0] ?? "";
      if (NAMED_BY_OTHERS.has(path)) return false;
      return BANNED_NAMES.has(name) || !/^[a-z][A-Za-z0-9]*$/.test(name);
    });
    assert.deepEqual(bad, []);
  });

  it("read the time only in clock.ts", () => {
    const bad = sourceFiles().filter(
      (path) =>
        path.endsWith(".ts") &&
        !path.startsWith("test/") &&
        basename(path) !== "clock.ts" &&
        CLOCK.test(read(path)),
    );
    assert.deepEqual(bad, []);
  });

  it("name no folder of a machine and no host of a registry", () => {
    const words = ["/work/", "/root/", "/home/[a-z]+/Desktop", "registry\\.npmjs", "unpkg\\.com"];
    const pattern = new RegExp(`(?<![\\w.-])(${words.join("|")})`);
    // The lock file names hosts; this test names them to find them.
    const exempt = ["package-lock.json", "test/architecture/files.test.ts"];
    const bad = repositoryFiles().filter(
      (path) => !exempt.includes(path) && pattern.test(read(path)),
    );
    assert.deepEqual(bad, []);
  });
});

describe("documents", () => {
  it("link only to existing files", () => {
    const broken = repositoryFiles()
      .filter((path) => path.endsWith(".md"))
      .flatMap((path) =>
        relativeLinks(path)
          .filter((link) => !exists(path, link))
          .map((link) => `${path}: ${link}`),
      );
    assert.deepEqual(broken, []);
  });

  it("number the decisions without a gap, each with its three sections", () => {
    const records = repositoryFiles().filter((path) => path.startsWith("docs/adr/"));
    assertNumbered(records, /^docs\/adr\/(\d{4})-[a-z0-9-]+\.md$/);
    for (const path of records) {
      for (const heading of ["Context", "Decision", "Consequences"]) {
        assert.match(read(path), new RegExp(`^#+ ${heading}`, "m"), path);
      }
    }
  });
});

describe("migrations", () => {
  it("are numbered without a gap", () => {
    const all = repositoryFiles().filter(
      (path) => path.startsWith("migrations/") && path !== "migrations/schema.sql",
    );
    assertNumbered(all, /^migrations\/(\d{4})_[a-z0-9_]+\.sql$/);
  });
});

function assertNumbered(paths: string[], name: RegExp): void {
  assert.ok(paths.length > 0);
  const numbers = paths.map((path) => Number(name.exec(path)?.[1]));
  assert.deepEqual(
    numbers,
    paths.map((_, index) => index + 1),
    paths.join(", "),
  );
}

function relativeLinks(path: string): string[] {
  const prose = read(path).replace(/```[\s\S]*?```/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? "")
    .filter((link) => !/^([a-z]+:|#)/.test(link));
}

function exists(from: string, link: string): boolean {
  return existsSync(join(ROOT, dirname(from), decodeURIComponent(link.split("#")[0] ?? "")));
}
