import assert from "node:assert/strict";
import { defaultUser } from "../../../control-plane/src/auth/methods/development.ts";
import { describeOptions, readConfig, redactConfig } from "../../../control-plane/src/config.ts";
import { parseEventCursor } from "../../../control-plane/src/domain/cursors.ts";
import { chooseName } from "../../../control-plane/src/operations/createReservation.ts";
import { listOf } from "../../../control-plane/src/operations/checkSpec.ts";
import { NAME_PATTERN } from "@gpu-dev/shared/names.ts";

const URL_WITH_PASSWORD = "postgres://gpu:hunter2@127.0.0.1/gpu";

describe("the configuration", () => {
  it("prefers options to the environment and treats an empty variable as unset", () => {
    const config = readConfig(
      ["--role", "api", "--port", "9000", "--development-secret-file", "s"],
      {
        DATABASE_URL: URL_WITH_PASSWORD,
        GPU_DEV_PORT: "1",
        GPU_DEV_LOG_LEVEL: "",
      },
    );
    assert.equal(config?.port, 9_000);
    assert.equal(config.logLevel, "info");
    assert.ok(!JSON.stringify(redactConfig(config)).includes("hunter2"));
  });

  it("lists every problem with its option and its variable", () => {
    assert.throws(
      () => readConfig(["--role", "none", "--concurrency", "0"], {}),
      (error: Error) => {
        for (const name of ["--role or GPU_DEV_ROLE", "--concurrency", "DATABASE_URL"]) {
          assert.ok(error.message.includes(name), error.message);
        }
        return true;
      },
    );
    assert.throws(
      () => readConfig(["--nonsense"], {}),
      /^ConfigProblem: unknown.*--nonsense.*--help/,
    );
  });

  it("returns nothing if only help is requested, and describes every option with its variable", () => {
    assert.equal(readConfig(["--help"], {}), undefined);
    assert.match(describeOptions(), /--port <number> .*default: 8710, env:\s+GPU_DEV_PORT\)/);
  });

  it("refuses a renamed variable and names the new one", () => {
    const environment = { DATABASE_URL: URL_WITH_PASSWORD, GPU_DEV_STRANGERS_PER_SECOND: "5" };
    assert.throws(
      () => readConfig(["--role", "migrate"], environment),
      /GPU_DEV_STRANGERS_PER_SECOND: was renamed; set GPU_DEV_ANONYMOUS_PER_SECOND/,
    );
  });

  it("reads the roles of development users, and refuses unknown roles and names", () => {
    const rolesOf = (...args: string[]) => {
      const argv = ["--role", "migrate", ...args];
      const config = readConfig(argv, { DATABASE_URL: URL_WITH_PASSWORD });
      return Object.fromEntries(config?.developmentRoles ?? []);
    };
    assert.deepEqual(rolesOf(), { operator: "operator", admin: "admin" });
    assert.deepEqual(rolesOf("--development-roles", "ada = admin, bob=operator"), {
      ada: "admin",
      bob: "operator",
    });
    assert.deepEqual(rolesOf("--development-roles", ""), {});
    for (const wrong of ["ada", "ada=emperor", "Ada=admin", "ada=admin=user"]) {
      assert.throws(() => rolesOf("--development-roles", wrong), /--development-roles or GPU_DEV/);
    }
  });

  it("names the setting of each invalid value and what to write instead", () => {
    const problemOf = (environment: Record<string, string>) => {
      try {
        readConfig(["--role", "migrate"], { DATABASE_URL: URL_WITH_PASSWORD, ...environment });
      } catch (error) {
        return (error as Error).message.split("\n")[1]?.trim();
      }
      return undefined;
    };
    const example = "write entries like ada=operator, with a role of user, operator, admin";
    const rolesSetting = "--development-roles or GPU_DEV_DEVELOPMENT_ROLES";
    assert.equal(
      problemOf({ GPU_DEV_DEVELOPMENT_ROLES: "x" }),
      `${rolesSetting}: "x" is not user=role; ${example}`,
    );
    assert.equal(
      problemOf({ GPU_DEV_DEVELOPMENT_ROLES: "ada=admin, ada=user" }),
      `${rolesSetting}: "ada" has several roles; keep one entry`,
    );
    assert.equal(
      problemOf({ GPU_DEV_IN_CLUSTER: "maybe" }),
      "--in-cluster or GPU_DEV_IN_CLUSTER: must be true or false",
    );
    for (const url of ["mysql://gpu:hunter2@db/gpu", "postgres://gpu:hunter2@db:port/gpu"]) {
      const problem = problemOf({ DATABASE_URL: url });
      assert.match(
        problem ?? "",
        /^--database-url or DATABASE_URL: is not a PostgreSQL URL; write/,
      );
      assert.doesNotMatch(problem ?? "", /hunter2/);
    }
  });

  it("listens outside loopback only with public host names and without development sign-in", () => {
    const inPod = {
      DATABASE_URL: URL_WITH_PASSWORD,
      GPU_DEV_ROLE: "api",
      GPU_DEV_IN_CLUSTER: "true",
      GPU_DEV_HOST: "0.0.0.0",
      GPU_DEV_SIGN_IN: "none",
      GPU_DEV_PUBLIC_HOSTS: "gpu.example.com, localhost:8710",
    };
    assert.deepEqual(readConfig([], inPod)?.publicHosts, ["gpu.example.com", "localhost:8710"]);
    const refusal = (change: Record<string, string>) => () =>
      readConfig([], { ...inPod, ...change });
    assert.throws(refusal({ GPU_DEV_PUBLIC_HOSTS: "" }), /GPU_DEV_PUBLIC_HOSTS: is missing/);
    assert.throws(refusal({ GPU_DEV_PUBLIC_HOSTS: "http://x" }), /must be names of hosts/);
    assert.throws(refusal({ GPU_DEV_KUBECONFIG: "k" }), /GPU_DEV_IN_CLUSTER: is set/);
    assert.throws(refusal({ GPU_DEV_SIGN_IN: "development" }), /nobody could sign in/);
    const secret = { GPU_DEV_DEVELOPMENT_SECRET_FILE: "s" };
    assert.throws(
      refusal(secret),
      /GPU_DEV_SIGN_IN: is none[^]*GPU_DEV_HOST: 0\.0\.0\.0 is not loopback/,
    );
  });

  it("proposes the account that started the server, or dev if its user id has no account", () => {
    assert.equal(
      defaultUser(() => ({ username: "Ada.Lovelace" })),
      "ada-lovelace",
    );
    assert.equal(
      defaultUser(() => ({ username: "42" })),
      "dev",
    );
    const noAccount = () => {
      throw new Error("A system error occurred: uv_os_get_passwd returned ENOENT");
    };
    assert.equal(defaultUser(noAccount), "dev");
  });

  it("needs only a database to migrate", () => {
    const config = readConfig(["--role", "migrate"], { DATABASE_URL: URL_WITH_PASSWORD });
    assert.equal(config?.role, "migrate");
  });
});

describe("small words", () => {
  it("chosen names are valid and new", () => {
    const taken: string[] = [];
    for (let n = 0; n < 3_000; n += 1) taken.push(chooseName(taken));
    assert.equal(new Set(taken).size, 3_000);
    for (const name of taken) assert.match(name, NAME_PATTERN);
  });

  it("lists read as sentences", () => {
    assert.equal(listOf(["1"]), "1");
    assert.equal(listOf(["1", "2", "4"]), "1, 2 or 4");
  });

  it("a cursor is read whole or not at all", () => {
    assert.deepEqual(parseEventCursor("12-3"), { xid: "12", id: 3 });
    for (const text of ["", "12", "12-", "-3", "12-3 ", "1'-3", "12-3-4"]) {
      assert.equal(parseEventCursor(text), "unknown", text);
    }
  });

  it("S4: an unknown option or a stray argument is refused without its value", () => {
    for (const argument of [`--databaseurl=${URL_WITH_PASSWORD}`, URL_WITH_PASSWORD]) {
      assert.throws(
        () => readConfig([argument], { DATABASE_URL: URL_WITH_PASSWORD }),
        (error: Error) => {
          assert.equal(error.cause, undefined);
          assert.doesNotMatch(error.message, /postgres:/);
          return /(unknown option '--databaseurl'|too many arguments.*); --help/.test(
            error.message,
          );
        },
      );
    }
  });
});
