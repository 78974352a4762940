import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { linesOf } from "../../../control-plane/src/cluster/lines.ts";

async function all(lines: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines) found.push(line);
  return found;
}

describe("lines of a body", () => {
  it("puts together what came in pieces, also within a character, and keeps the last without an end", async () => {
    const body = new PassThrough();
    const bytes = Buffer.from("one\nzw\u00f6lf\nlast");
    for (const byte of bytes) body.write(Buffer.from([byte]));
    body.end();
    assert.deepEqual(await all(linesOf(body)), ["one", "zw\u00f6lf", "last"]);
  });

  it("R9: an end in the middle is the reader's error, and no one's when nobody reads any more", async () => {
    const server = createServer((_request, response) => {
      response.write("one\ntwo\nthr");
      response.write("ee");
      setImmediate(() => response.destroy());
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const open = async () => {
      const [body] = (await once(get({ port, host: "127.0.0.1" }), "response")) as [
        IncomingMessage,
      ];
      return body;
    };
    try {
      await assert.rejects(all(linesOf(await open())), { code: "ECONNRESET" });
      // An error that is thrown past its reader fails the run of all tests.
      const left = await open();
      for await (const line of linesOf(left)) {
        assert.equal(line, "one");
        break;
      }
      // Not by `once`: it would listen for the error, too.
      await new Promise<void>((resolve) => {
        if (left.closed) resolve();
        else left.on("close", resolve);
      });
    } finally {
      server.close();
    }
  });
});
