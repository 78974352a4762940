import assert from "node:assert/strict";
import { waitFor } from "../../support/waitFor.ts";
import { makeNamespace, SERVERS, startServerNamed, type Server } from "./servers.ts";
import { watch, type Watching } from "./watches.ts";

interface List {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

for (const name of SERVERS) {
  describe(`the contract of lists and watches: ${name}`, () => {
    const path = "/api/v1/namespaces/watched/configmaps";
    let server: Server;
    const watches: Watching[] = [];
    before(async () => {
      server = await startServerNamed(name);
      await makeNamespace(server, "watched");
    });
    after(async () => {
      for (const each of watches) each.stop();
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
    const told = ({ events }: Watching, count: number) =>
      waitFor(
        () => {
          const changes = events.filter(({ type }) => type !== "BOOKMARK");
          return changes.length >= count && changes.map((each) => `${each.type} ${each.name}`);
        },
        { describe: `${String(count)} events` },
      );

    it("tells each change once and in order, from the version that a list gave", async () => {
      const watching = await watchFrom({ resourceVersion: await version() });
      await create("one");
      await label("one", { a: "b" });
      await remove("one");
      assert.deepEqual(await told(watching, 3), ["ADDED one", "MODIFIED one", "DELETED one"]);
    });

    it("R9: resumes from the version of the last event without losing a change", async () => {
      const first = await watchFrom({ resourceVersion: await version() });
      await create("two");
      await told(first, 1);
      first.stop();
      await create("three");
      await remove("two");
      const resourceVersion = first.events.at(-1)?.version ?? "";
      const second = await watchFrom({ resourceVersion });
      assert.deepEqual(await told(second, 2), ["ADDED three", "DELETED two"]);
    });

    it("begins with what there is where no version is named", async () => {
      await create("present");
      const watching = await watchFrom({ fieldSelector: "metadata.name=present" });
      assert.deepEqual(await told(watching, 1), ["ADDED present"]);
    });

    it("shows what enters or leaves a selection as added and deleted", async () => {
      const resourceVersion = await version();
      const watching = await watchFrom({ resourceVersion, labelSelector: "on=yes" });
      await create("moving");
      await label("moving", { on: "yes" });
      await label("moving", { on: "no" });
      assert.deepEqual(await told(watching, 2), ["ADDED moving", "DELETED moving"]);
    });

    it("R9: marks how far it told before its time is up, and resumes from there", async () => {
      const query = { resourceVersion: await version(), allowWatchBookmarks: true };
      const first = await watchFrom({ ...query, timeoutSeconds: 4 });
      await create("marked");
      await told(first, 1);
      await waitFor(() => first.isOver(), { describe: "its end" });
      const [added, ...marks] = first.events;
      assert.equal(added?.name, "marked");
      assert.ok(marks.length > 0);
      assert.ok(marks.every(({ type }) => type === "BOOKMARK"));
      const resourceVersion = marks.at(-1)?.version ?? "";
      assert.ok(Number(resourceVersion) >= Number(added.version));
      await label("marked", { after: "it" });
      const second = await watchFrom({ resourceVersion });
      await create("next");
      assert.deepEqual(await told(second, 2), ["MODIFIED marked", "ADDED next"]);
    });

    it("sends no bookmark to those who did not ask", async () => {
      const watching = await watchFrom({ resourceVersion: await version(), timeoutSeconds: 3 });
      await create("unmarked");
      await waitFor(() => watching.isOver(), { describe: "its end" });
      assert.deepEqual(
        watching.events.map(({ type }) => type),
        ["ADDED"],
      );
    });

    it("pages without losing or repeating any", async () => {
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
