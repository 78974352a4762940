import assert from "node:assert/strict";
import { waitFor } from "../../support/waitFor.ts";
import { makeNamespace, SERVERS, startServerNamed, type Server } from "./servers.ts";
import { watch, type Watching } from "./watches.ts";

interface List {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

for (const name of SERVERS) {
  describe(`contract of lists and watches: ${name}`, () => {
    const path = "/api/v1/namespaces/watched/configmaps";
    let server: Server;
    const watches: Watching[] = [];
    before(async () => {
      server = await startServerNamed(name);
      await makeNamespace(server, "watched");
    });
    after(async () => {
      for (const watching of watches) watching.stop();
      await server.stop();
    });

    const create = (object: string, labels: object = {}) =>
      server.api.expect("POST", path, { metadata: { name: object, labels } });
    const label = (object: string, labels: object) =>
      server.api.expect("PATCH", `${path}/${object}`, { metadata: { labels } }, MERGE);
    const remove = (object: string) => server.api.expect("DELETE", `${path}/${object}`);
    const list = (query = "") => server.api.expect<List>("GET", `${path}${query}`);
    const version = async () => (await list()).metadata.resourceVersion;
    const watchFrom = async (query: Parameters<typeof watch>[2]) => {
      const watching = await watch(server, path, query);
      watches.push(watching);
      return watching;
    };
    const changes = ({ events }: Watching, count: number) =>
      waitFor(
        () => {
          const found = events.filter(({ type }) => type !== "BOOKMARK");
          return found.length >= count && found.map(({ type, name: item }) => `${type} ${item}`);
        },
        { describe: `${String(count)} events` },
      );

    it("sends each change once and in order, from the version of a list", async () => {
      const watching = await watchFrom({ resourceVersion: await version() });
      await create("single");
      await label("single", { a: "b" });
      await remove("single");
      const expected = ["ADDED single", "MODIFIED single", "DELETED single"];
      assert.deepEqual(await changes(watching, 3), expected);
    });

    it("R9: resumes from the version of the last event without losing a change", async () => {
      const first = await watchFrom({ resourceVersion: await version() });
      await create("two");
      await changes(first, 1);
      first.stop();
      await create("three");
      await remove("two");
      const resourceVersion = first.events.at(-1)?.version ?? "";
      const second = await watchFrom({ resourceVersion });
      assert.deepEqual(await changes(second, 2), ["ADDED three", "DELETED two"]);
    });

    it("begins with the existing objects if no version is named", async () => {
      await create("present");
      const watching = await watchFrom({ fieldSelector: "metadata.name=present" });
      assert.deepEqual(await changes(watching, 1), ["ADDED present"]);
    });

    it("shows objects that enter or leave a selection as added and deleted", async () => {
      const resourceVersion = await version();
      const watching = await watchFrom({ resourceVersion, labelSelector: "on=yes" });
      await create("moving");
      await label("moving", { on: "yes" });
      await label("moving", { on: "no" });
      assert.deepEqual(await changes(watching, 2), ["ADDED moving", "DELETED moving"]);
    });

    it("R9: sends a bookmark before its timeout, and resumes from there", async () => {
      const query = { resourceVersion: await version(), allowWatchBookmarks: true };
      const first = await watchFrom({ ...query, timeoutSeconds: 4 });
      await create("marked");
      await changes(first, 1);
      await waitFor(() => first.hasEnded(), { describe: "the end of the watch" });
      const [added, ...marks] = first.events;
      assert.equal(added?.name, "marked");
      assert.ok(marks.length > 0);
      assert.ok(marks.every(({ type }) => type === "BOOKMARK"));
      const resourceVersion = marks.at(-1)?.version ?? "";
      assert.ok(Number(resourceVersion) >= Number(added.version));
      await label("marked", { after: "it" });
      const second = await watchFrom({ resourceVersion });
      await create("next");
      assert.deepEqual(await changes(second, 2), ["MODIFIED marked", "ADDED next"]);
    });

    it("sends no bookmark unless the client requests them", async () => {
      const watching = await watchFrom({ resourceVersion: await version(), timeoutSeconds: 3 });
      await create("unmarked");
      await waitFor(() => watching.hasEnded(), { describe: "the end of the watch" });
      assert.deepEqual(
        watching.events.map(({ type }) => type),
        ["ADDED"],
      );
    });

    it("pages without losing or repeating an object", async () => {
      for (const index of [1, 2, 3, 4, 5, 6, 7]) await create(`page-${String(index)}`, { p: "y" });
      const names: string[] = [];
      let more = "";
      do {
        const page = await list(`?labelSelector=p%3Dy&limit=3${more}`);
        assert.ok(page.items.length <= 3);
        names.push(...page.items.map(({ metadata }) => metadata.name));
        const token = page.metadata.continue ?? "";
        more = token === "" ? "" : `&continue=${encodeURIComponent(token)}`;
      } while (more !== "");
      assert.deepEqual(
        names,
        [1, 2, 3, 4, 5, 6, 7].map((index) => `page-${String(index)}`),
      );
    });
  });
}

const MERGE = "application/merge-patch+json";
