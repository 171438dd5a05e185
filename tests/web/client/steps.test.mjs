// Server-sent events: however the network cuts them, the steps are the same.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Page, h, on } from "./page.mjs";

const encoder = new TextEncoder();

/** What the page's code hears of a stream that arrives in these chunks. */
async function hear(chunks) {
  const button = h("button", on("click"));
  const stream = new ReadableStream({
    start(controller) {
      chunks.forEach((chunk) => controller.enqueue(chunk));
      controller.close();
    },
  });
  const headers = { "Content-Type": "text/event-stream; charset=utf-8" };
  const page = new Page({}, [button], { answer: () => new Response(stream, { headers }) });
  page.fire("click", button);
  await page.idle();
  return page;
}

const STEPS = [
  ": a comment",
  "",
  "event: json",
  'data: {"name":',
  'data:"Zoë \u20ac \u{1f600}"}',
  "",
  "id: 7",
  "event:note",
  "data: one\u2028data: still one",
  "data:",
  "data:  two",
  "",
  "",
  "data: without a name",
  "",
  "event: end",
  "data:",
  "",
  "",
];
const EXPECTED = [
  { type: "json", data: { name: "Zoë \u20ac \u{1f600}" } },
  { type: "note", data: "one\u2028data: still one\n\n two" },
];

for (const [name, end] of Object.entries({ LF: "\n", CRLF: "\r\n", CR: "\r" })) {
  const bytes = encoder.encode(STEPS.join(end));

  test(`${name}: cut in two, anywhere`, async () => {
    for (let cut = 0; cut <= bytes.length; cut++) {
      const page = await hear([bytes.slice(0, cut), bytes.slice(cut)]);
      assert.deepEqual(page.details("answer"), EXPECTED, `cut at ${cut}`);
      assert.deepEqual(page.details("failed"), []);
    }
  });

  test(`${name}: byte by byte`, async () => {
    const page = await hear([...bytes].map((byte) => Uint8Array.of(byte)));
    assert.deepEqual(page.details("answer"), EXPECTED);
    assert.deepEqual(page.details("failed"), []);
  });
}

test("a stream without its end is a failure, and its last event is not shown", async () => {
  const page = await hear([encoder.encode('event: json\ndata: 1\n\nevent: json\ndata: 2\n')]);
  assert.deepEqual(page.details("answer"), [{ type: "json", data: 1 }]);
  assert.deepEqual(page.details("failed"), [{ status: 0 }]);
  assert.equal(page.notice, "No answer arrived. Try again.");
});

test("a refusal ends a stream", async () => {
  const page = await hear([
    encoder.encode('event: refused\ndata: {"title": "It failed.", "reload": false}\n\n'),
  ]);
  assert.deepEqual(page.details("refused"), [{ title: "It failed.", reload: false }]);
  assert.deepEqual(page.details("failed"), []);
  assert.equal(page.notice, "It failed.");
});
