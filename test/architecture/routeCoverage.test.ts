import assert from "node:assert/strict";
import { routes } from "@gpu-dev/shared/api/routes.ts";
import { handlers } from "../../control-plane/src/http/handlers.ts";
import { read } from "./sources.ts";

describe("routes", () => {
  it("each have a handler in the control plane, which has no other", () => {
    assert.deepEqual(Object.keys(handlers).sort(), Object.keys(routes).sort());
  });

  it("differ in method or path", () => {
    const all = Object.values(routes).map(
      ({ method, path }) => `${method} ${path.replace(/:\w+/g, ":")}`,
    );
    assert.deepEqual([...new Set(all)], all);
  });

  it("are all called anonymously and as another user by tests that read the table", () => {
    const text = read("test/integration/api/access.test.ts");
    assert.match(text, /from "@gpu-dev\/shared\/api\/routes\.ts"/);
    assert.match(text, /Object\.(entries|keys)\(routes\)|routeIds/);
  });
});
