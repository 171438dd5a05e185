// When a refused event is sent again, and when the page is loaded again.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Clock, Page, Storage, h, on, refusal } from "./page.mjs";

const R1 = { "data-release": "r1" };
const done = () => new Response(null, { status: 204 });

/** A page with one button, whose events get these answers, the last one for ever. */
function visit(answers, { script = R1, event = "click", more = {}, ...tab } = {}) {
  const element = h("button", on(event, more));
  const answer = () => (answers.length > 1 ? answers.shift() : answers[0])();
  const page = new Page(script, [element], { answer, ...tab });
  return { page, element };
}

async function click(answers, options) {
  const { page, element } = visit(answers, options);
  page.fire("click", element);
  await page.clock.run(1_000);
  return page;
}

const stale = () => refusal({}, "r2");

test("behind a round robin, the next server answers what was refused", async () => {
  const page = await click([stale, done]);
  assert.equal(page.requests.length, 2);
  assert.deepEqual(page.requests[0].json, page.requests[1].json);
  assert.equal(page.requests[0].headers["Handlerid-Release"], "r1");
  assert.equal(page.reloads, 0);
  assert.deepEqual(page.details("refused"), []);
  assert.deepEqual(page.details("newer"), [{ release: "r2" }]);
});

test("it is sent again after 50 to 150 ms", async () => {
  const { page, element } = visit([stale, done]);
  page.fire("click", element);
  await page.clock.run(49);
  assert.equal(page.requests.length, 1);
  await page.clock.run(101);
  assert.equal(page.requests.length, 2);
});

test("what is refused twice loads the page again", async () => {
  const page = await click([stale]);
  assert.equal(page.requests.length, 2);
  assert.equal(page.reloads, 1);
  assert.deepEqual(page.details("refused"), []);
});

for (const [name, script, release] of [
  ["equal releases", R1, "r1"],
  ["a page without a release", {}, "r2"],
  ["a server without a release", R1, ""],
  ["no releases", {}, ""],
])
  test(`${name}: it is not sent again`, async () => {
    const page = await click([() => refusal({}, release)], { script });
    assert.equal(page.requests.length, 1);
    assert.equal(page.reloads, 1);
    assert.deepEqual(page.details("newer"), []);
  });

for (const [name, answer, status] of [
  ["another media type", () => refusal({}, "r2", "application/json"), 409],
  ["a page of a proxy", () => new Response("<h1>No</h1>", { status: 403 }), 403],
  ["nothing", () => Promise.reject(new TypeError("Failed to fetch")), 0],
])
  test(`${name} is a failure, and never loads the page again`, async () => {
    const page = await click([answer]);
    assert.equal(page.requests.length, 1);
    assert.equal(page.reloads, 0);
    assert.deepEqual(page.details("failed"), [{ status }]);
    const arrived = "This action failed.";
    assert.equal(page.notice, status ? arrived : "No answer arrived. Try again.");
  });

for (const reload of [false, "true", 1, undefined])
  test(`"reload" is ${reload}: the refusal is told`, async () => {
    const page = await click([() => refusal({ reload }, "r2")]);
    assert.equal(page.requests.length, 1);
    assert.equal(page.reloads, 0);
    assert.equal(page.details("refused")[0].error, "StaleHandler");
    assert.equal(page.notice, "Old.");
  });

test("a listener keeps the notice away", async () => {
  const { page, element } = visit([() => refusal({ reload: false })]);
  page.listeners.refused = (event) => event.preventDefault();
  page.fire("click", element);
  await page.clock.run(0);
  assert.equal(page.details("refused").length, 1);
  assert.equal(page.notice, "");
});

test("the next act empties the notice", async () => {
  const { page, element } = visit([() => refusal({ reload: false }), done]);
  page.fire("click", element);
  await page.clock.run(0);
  page.fire("click", element);
  assert.equal(page.notice, "");
});

test("a load event is sent again, and never loads the page again", async () => {
  const { page } = visit([stale], { event: "load" });
  await page.clock.run(1_000);
  assert.equal(page.requests.length, 2);
  assert.equal(page.reloads, 0);
  assert.equal(page.details("refused").length, 1);
});

for (const more of [{ "data-debounce": "300" }, { "data-throttle": "300" }])
  test(`what ${Object.keys(more)} sends late never loads the page again`, async () => {
    const answers = [done, stale];
    const { page, element } = visit("data-debounce" in more ? [stale] : answers, { more });
    page.fire("click", element);
    page.fire("click", element);
    await page.clock.run(1_000);
    assert.ok(page.requests.length >= 2);
    assert.equal(page.reloads, 0);
    assert.equal(page.details("refused").length, 1);
  });

test("once for each other release, whatever page the next server gives", async () => {
  const tab = { clock: new Clock(), storage: new Storage() };
  assert.equal((await click([stale], tab)).reloads, 1);
  await tab.clock.run(3_600_000);
  const again = await click([stale], tab);
  assert.equal(again.reloads, 0);
  assert.equal(again.details("refused").length, 1);
  assert.equal((await click([() => refusal({}, "r3")], tab)).reloads, 1);
});

test("twice a minute, whatever the reason", async () => {
  const tab = { clock: new Clock(), storage: new Storage() };
  const expired = [() => refusal({ error: "ExpiredToken" }, "r1")];
  const reloads = [];
  for (let visits = 0; visits < 4; visits++)
    reloads.push((await click(expired, tab)).reloads);
  assert.deepEqual(reloads, [1, 1, 0, 0]);
  await tab.clock.run(60_000);
  assert.equal((await click(expired, tab)).reloads, 1);
});

test("without storage, never", async () => {
  const page = await click([stale], { storage: null });
  assert.equal(page.requests.length, 2);
  assert.equal(page.reloads, 0);
  assert.equal(page.details("refused").length, 1);
});

test("a listener keeps the page, which does not count", async () => {
  const storage = new Storage();
  const { page, element } = visit([stale], { storage });
  page.listeners.reload = (event) => event.preventDefault();
  page.fire("click", element);
  await page.clock.run(1_000);
  assert.equal(page.details("reload")[0].error, "StaleHandler");
  assert.equal(page.reloads, 0);
  assert.equal(page.details("refused").length, 1);
  assert.deepEqual([...storage.items], []);
});

test("a stream that showed a step is not sent again", async () => {
  const text = JSON.stringify({ title: "Old.", reload: true });
  const page = await click([
    () =>
      new Response(`event: json\ndata: 1\n\nevent: refused\ndata: ${text}\n\n`, {
        headers: { "Content-Type": "text/event-stream", "Handlerid-Release": "r2" },
      }),
  ]);
  assert.equal(page.requests.length, 1);
  assert.equal(page.reloads, 1);
});

test("an answer leads elsewhere", async () => {
  const headers = { "Handlerid-Location": "https://b/there?a=1" };
  const page = await click([() => new Response(null, { status: 204, headers })]);
  assert.deepEqual(page.assigned, ["https://b/there?a=1"]);
  assert.deepEqual(page.details("answer"), []);
});

test("a redirected answer is a page to go to", async () => {
  const page = await click([
    () => ({ ok: true, redirected: true, url: "http://a/there", headers: new Headers() }),
  ]);
  assert.deepEqual(page.assigned, ["http://a/there"]);
});
