import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { assertConforms } from "../../support/openApi.ts";
import {
  jsonInit,
  REQUEST,
  send,
  startApi,
  type ApiUnderTest,
  type Caller,
} from "./apiUnderTest.ts";

const RESERVATIONS = "/v1/reservations";

/** Compares a response as it was on the wire with the published document. */
function assertRawConforms(request: string, received: string): void {
  const [method = "", target = ""] = request.split(" ");
  const [head = "", body] = received.split("\r\n\r\n", 2);
  const [statusLine = "", ...lines] = head.split("\r\n");
  const headers = new Headers(
    lines.map((line): [string, string] => [
      line.slice(0, line.indexOf(":")),
      line.slice(line.indexOf(":") + 1).trim(),
    ]),
  );
  assertConforms({
    method,
    target,
    status: Number(statusLine.split(" ")[1]),
    header: (name) => headers.get(name) ?? undefined,
    body,
  });
}

describe("hostile input", () => {
  let api: ApiUnderTest;
  let alice: Caller;
  before(async () => {
    api = await startApi({ overrides: { timeouts: { headersMs: 300, requestMs: 600 } } });
    alice = await api.signIn("alice");
  });
  after(() => api.stop());
  afterEach(async () => {
    // After each input, the process still serves requests, and no reservation was created.
    assert.equal((await send(`${api.url}/readyz`)).status, 200);
    const list = await alice.get(RESERVATIONS);
    assert.deepEqual(list.body["items"], []);
  });

  const postRaw = (body: string | Uint8Array<ArrayBuffer>, type = "application/json") =>
    alice.request("POST", RESERVATIONS, { headers: { "content-type": type }, body });

  it("S3: a body of more than 256 KiB is refused with 413, with and without Content-Length", async () => {
    const big = JSON.stringify({ ...REQUEST, name: "a".repeat(300_000) });
    assert.equal((await postRaw(big)).status, 413);
    const chunks = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(big));
        controller.close();
      },
    });
    const init = { ...jsonInit("POST", ""), body: chunks, duplex: "half" } as RequestInit;
    assert.equal((await alice.request("POST", RESERVATIONS, init)).status, 413);
  });

  const withLabels = (labels: string): string =>
    JSON.stringify({ ...REQUEST, labels: {} }).replace('"labels":{}', `"labels":${labels}`);
  /** A body that is valid except for two bytes in the value of a label. */
  const invalidUtf8 = (): Uint8Array<ArrayBuffer> => {
    const bytes = new TextEncoder().encode(withLabels('{"a":"XY"}'));
    const index = bytes.indexOf("X".charCodeAt(0));
    bytes.set([0xc3, 0x28], index);
    return bytes;
  };
  const refused: Record<string, string | Uint8Array<ArrayBuffer>> = {
    "nesting of 100,000 levels": `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
    "nesting of 40 levels": withLabels(`${'{"a":'.repeat(40)}1${"}".repeat(40)}`),
    "invalid UTF-8": invalidUtf8(),
    "a NUL in a text": withLabels('{"a":"b\\u0000c"}'),
    "half a surrogate pair": withLabels('{"a":"\\ud800"}'),
    "a NUL in a key": withLabels('{"a\\u0000":"b"}'),
    "__proto__ in a map": withLabels('{"__proto__":{"admin":true}}'),
    "__proto__ at the top": '{"__proto__":{"gpuType":"h100"},"gpus":2,"durationSeconds":3600}',
    constructor: withLabels('{"constructor":{"prototype":{"admin":true}}}'),
    "broken JSON": '{"gpuType":',
    "an unknown field": JSON.stringify({ ...REQUEST, surprise: 1 }),
    "null instead of an object": "null",
    "an empty body": "",
  };
  for (const [what, body] of Object.entries(refused)) {
    it(`S3: ${what} is refused with 400`, async () => {
      const response = await postRaw(body);
      assert.equal(response.status, 400, JSON.stringify(response.body));
      assert.equal(response.body["code"], "invalid_request");
      assert.equal(({} as { admin?: boolean }).admin, undefined);
    });
  }

  it("S3: another media type is refused with 415", async () => {
    assert.equal((await postRaw("a=b", "application/x-www-form-urlencoded")).status, 415);
  });

  it("S3: a NUL, an invalid cursor or an invalid limit in a query is refused with 400", async () => {
    for (const query of ["name=%00", "cursor=%00", "cursor=YWJj", "limit=0", "limit=1&limit=2"]) {
      const response = await alice.get(`${RESERVATIONS}?${query}`);
      assert.equal(response.status, 400, query);
      assert.equal(response.body["code"], "invalid_request");
    }
  });

  const encoded = (text: string) => Buffer.from(text).toString("base64url");
  it("S3: a cursor that the server did not make is refused with 400", async () => {
    const id = "0000000000000000";
    const lists = {
      [RESERVATIONS]: [
        `2026-99-99T00:00:00.000Z ${id}`,
        `2026-02-30T00:00:00.000Z ${id}`,
        "2026-01-01T00:00:00.000Z iiiiiiiiiiiiiiii",
        `2026-01-01T00:00:00.000Z ${id} x`,
        "",
      ],
      "/v1/audit": ["9223372036854775808", "9999999999999999", "-1", "1.5", ""],
    };
    const operator = await api.signIn("operator");
    for (const [path, cursors] of Object.entries(lists)) {
      for (const cursor of cursors) {
        const response = await operator.get(`${path}?cursor=${encoded(cursor)}`);
        assert.equal(response.status, 400, `${path} ${cursor}`);
        assert.equal(response.body["code"], "invalid_request");
      }
      const padded = await operator.get(`${path}?cursor=${encoded("1")}%3D`);
      assert.equal(padded.status, 400, "the same cursor in another form");
    }
    const largest = await operator.get(`/v1/audit?cursor=${encoded("9007199254740991")}`);
    assert.equal(largest.status, 200, "a cursor above 2^31 is a cursor");
  });

  for (const target of ["http://[::1", "http://a:99999999/", "*"]) {
    it(`S3: the request target ${target} is refused with 400`, async () => {
      const response = await sendPartially(
        `GET ${target} HTTP/1.1\r\nHost: ${api.server}\r\nConnection: close\r\n\r\n`,
      );
      assert.match(response, /^HTTP\/1.1 400 [^]*"invalid_request"/);
    });
  }

  it("S3: headers of more than 16 KiB are refused with 431 and a problem", async () => {
    const response = await alice.get("/v1/me", { "x-big": "a".repeat(20_000) });
    assert.equal(response.status, 431);
    assert.equal(response.body["code"], "headers_too_large");
  });

  const sendPartially = async (start: string): Promise<string> => {
    const socket = connect(Number(new URL(api.url).port), "127.0.0.1");
    let received = "";
    socket.setEncoding("utf8").on("data", (text: string) => (received += text));
    await once(socket, "connect");
    socket.write(start);
    await once(socket, "close");
    assertRawConforms(start, received);
    return received;
  };

  it("S3: a client that never completes its headers or its body is disconnected", async () => {
    assert.match(
      await sendPartially(`GET /v1/me HTTP/1.1\r\nHost: ${api.server}\r\nX-Slow: `),
      /^HTTP\/1.1 408 /,
    );
    const response = await sendPartially(
      `POST ${RESERVATIONS} HTTP/1.1\r\nHost: ${api.server}\r\nAuthorization: Bearer ${alice.token}\r\n` +
        `Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"gpu`,
    );
    assert.match(response, /^HTTP\/1.1 408 /);
  });

  it("S3: requests from web pages and for foreign host names are refused", async () => {
    const origin = await alice.get("/v1/me", { origin: "https://example.org" });
    assert.equal(origin.status, 403);
    assert.equal(origin.body["code"], "origin_refused");
    const response = await sendPartially(
      `GET /v1/sign-in HTTP/1.1\r\nHost: evil.example:80\r\nConnection: close\r\n\r\n`,
    );
    assert.match(response, /^HTTP\/1.1 403 [^]*origin_refused/);
  });

  for (const name of [
    "a\nHost *",
    'a"b',
    "a%h",
    "$(id)",
    "a; drop table users",
    "A",
    "-a",
    "a--b",
    "a".repeat(33),
    "",
    "ä",
  ]) {
    it(`S5: ${JSON.stringify(name)} is refused as the name of a reservation, disk or label`, async () => {
      for (const change of [{ name }, { disk: name }, { labels: { [`${name}!`]: "x" } }]) {
        const response = await postRaw(JSON.stringify({ ...REQUEST, ...change }));
        assert.equal(response.status, 400, JSON.stringify(response.body));
        const [problem] = response.body["errors"] as { path: string }[];
        assert.match(problem?.path ?? "", /^body\.(?:name|disk|labels)/);
      }
      const listed = await alice.get(`${RESERVATIONS}?name=${encodeURIComponent(name)}`);
      assert.equal(listed.status, 200, "an invalid name is allowed as a filter");
    });
  }
});
