import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { linesOf } from "../../../control-plane/src/cluster/kubeWatch.ts";

async function all(lines: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines) found.push(line);
  return found;
}

describe("the lines of a watch", () => {
  it("joins chunks, even within a character, and yields a last line without a newline", async () => {
    const body = new PassThrough();
    const bytes = Buffer.from("one\nzw\u00f6lf\nlast");
    for (const byte of bytes) body.write(Buffer.from([byte]));
    body.end();
    assert.deepEqual(await all(linesOf(body)), ["one", "zw\u00f6lf", "last"]);
  });

  it("R9: an interrupted body throws where it is read, and nowhere once reading has stopped", async () => {
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
      // An error emitted without a reader would fail the whole test run.
      const abandoned = await open();
      for await (const line of linesOf(abandoned)) {
        assert.equal(line, "one");
        break;
      }
      // Not `once`: it would also listen for the error.
      await new Promise<void>((resolve) => {
        if (abandoned.closed) resolve();
        else abandoned.on("close", resolve);
      });
    } finally {
      server.close();
    }
  });
});
