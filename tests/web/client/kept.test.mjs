// What is there again after the client has loaded the page again.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Clock, Page, Storage, h, id, on, refusal } from "./page.mjs";

const AUDIENCE = { "data-audience": "a1" };

/** Types into the fields of a page, clicks, and returns the page after the reload. */
async function again(before, after, { type, script = AUDIENCE, next = AUDIENCE, ...more } = {}) {
  const clock = new Clock();
  const storage = new Storage();
  const answer = () => refusal({}, "");
  const first = new Page(script, before(), { clock, storage, answer, path: "/form" });
  type?.(first);
  const lost = first.document.querySelector("[data-h-click]");
  first.fire("click", lost);
  await clock.run(0);
  assert.equal(first.reloads, 1);
  const kept = storage.getItem("handlerid.kept");
  clock.now += more.wait ?? 0;
  const answers = () => new Response(null, { status: 204 });
  const page = new Page(next, (after ?? before)(), {
    clock,
    storage,
    answer: answers,
    path: more.path ?? "/form",
  });
  await clock.run(0);
  assert.equal(storage.getItem("handlerid.kept"), null, "it is read once");
  return { page, kept };
}

const button = (more = {}, ...parts) => h("button", on("click", more, ...parts));
const names = (elements) => elements.map((element) => element.getAttribute("data-key"));
const write = (name, value) => (page) => {
  page.document.querySelector(`[name=${name}]`).value = value;
};

// The lost click.

const resend = { "data-stale": "resend", "data-key": "k" };
for (const [name, after, focused, sent] of [
  ["other code", [button(resend, "a", "z")], ["k"], 1],
  [
    "a token",
    [h("button", { ...resend, "data-h-click": `t1.${id("click")}.Ab-_h1.x` })],
    ["k"],
    1,
  ],
  ["without resend", [button({ "data-key": "k" })], ["k"], 0],
  ["another place", [button(resend, "c")], [], 0],
  ["another key", [button({ ...resend, "data-key": "other" })], [], 0],
  ["no key", [button({ "data-stale": "resend" })], [], 0],
  ["another event", [h("button", on("focus", resend))], [], 0],
  ["two of them", [button(resend), button(resend)], [], 0],
])
  test(`the lost click: ${name}`, async () => {
    const { page } = await again(
      () => [button({ "data-key": "k" })],
      () => after,
    );
    assert.deepEqual(names(page.focused), focused);
    assert.equal(page.requests.length, sent);
    assert.equal(page.notice, "This page was updated.");
  });

test("what takes no focus by itself is made to", async () => {
  const div = h("div", on("click"));
  const given = [];
  Object.defineProperty(div, "tabIndex", { get: () => -1, set(index) { given.push(index); } });
  const { page } = await again(
    () => [button()],
    () => [div],
  );
  assert.deepEqual(given, [-1]);
  assert.deepEqual(page.focused, [div]);
});

test("it is not sent when a field could not be restored", async () => {
  const { page } = await again(
    () => [h("input", { name: "a" }), button(resend)],
    () => [button(resend)],
    { type: write("a", "typed") },
  );
  assert.deepEqual(names(page.focused), ["k"]);
  assert.equal(page.requests.length, 0);
});

// Fields.

const form = (attributes, ...more) => [
  h("form", {}, h("input", { name: "field", ...attributes })),
  ...more,
  button(),
];
const field = (page) => page.document.querySelector("[name=field]");

for (const attributes of [
  {},
  { type: "email", value: "default" },
  { autocomplete: "email" },
  { id: "i" },
])
  test(`kept: ${JSON.stringify(attributes)}`, async () => {
    const fields = () => form(attributes);
    const { page, kept } = await again(fields, fields, { type: write("field", "typed") });
    assert.match(kept, /typed/);
    assert.equal(field(page).value, "typed");
    assert.deepEqual(page.details("conflict"), []);
  });

for (const attributes of [
  { type: "password" },
  { type: "hidden" },
  { autocomplete: "off" },
  { autocomplete: "OFF" },
  { autocomplete: "one-time-code" },
  { autocomplete: "cc-number" },
  { autocomplete: "section-a billing cc-csc" },
  { autocomplete: "current-password" },
  { autocomplete: "section-b new-password" },
])
  test(`never kept: ${JSON.stringify(attributes)}`, async () => {
    const { page, kept } = await again(() => form(attributes), undefined, {
      type: write("field", "typed"),
    });
    assert.doesNotMatch(kept, /typed/);
    assert.equal(field(page).value, "");
    assert.deepEqual(page.details("conflict"), []);
  });

test("never kept: a form whose autocomplete is off", async () => {
  const { kept } = await again(
    () => [h("form", { autocomplete: "off" }, h("input", { name: "a" })), button()],
    undefined,
    { type: write("a", "typed") },
  );
  assert.doesNotMatch(kept, /typed/);
});

test("never kept: a file", async () => {
  const { kept } = await again(() => form({ type: "file" }), undefined, {
    type: (page) => (field(page).files = ["typed"]),
  });
  assert.deepEqual(JSON.parse(kept).fields, []);
});

test("a field as it was is not kept", async () => {
  const { kept } = await again(() => form({ value: "default" }));
  assert.deepEqual(JSON.parse(kept).fields, []);
});

test("boxes are known by their values", async () => {
  const boxes = (...values) => [
    ...values.map((value) => h("input", { type: "checkbox", name: "tag", value })),
    button(),
  ];
  const { page } = await again(
    () => boxes("a", "b", "c"),
    () => boxes("c", "b", "a"),
    { type: (first) => (first.document.querySelector("[value=a]").checked = true) },
  );
  const ticked = page.document.querySelectorAll("input").filter((box) => box.checked);
  assert.deepEqual(
    ticked.map((box) => box.value),
    ["a"],
  );
});

for (const [name, after] of [
  ["another default", { value: "new" }],
  ["another type", { type: "email" }],
  ["another name", { name: "other" }],
  ["another id", { id: "other" }],
])
  test(`a conflict: ${name}`, async () => {
    const { page } = await again(
      () => form({}),
      () => form(after),
      { type: write("field", "typed") },
    );
    assert.deepEqual(page.details("conflict"), [{ name: "field", value: "typed" }]);
    assert.equal(page.document.querySelector("input").value, after.value ?? "");
  });

test("no conflict if the page has the text already", async () => {
  const { page } = await again(
    () => form({}),
    () => form({ value: "typed" }),
    { type: write("field", "typed") },
  );
  assert.deepEqual(page.details("conflict"), []);
});

for (const [name, options] of [
  ["another audience", { next: { "data-audience": "a2" } }],
  ["an audience that had none", { script: {} }],
  ["another path", { path: "/login" }],
])
  test(`nothing is restored, but told: ${name}`, async () => {
    const { page } = await again(() => form({}), undefined, {
      type: write("field", "typed"),
      ...options,
    });
    assert.equal(field(page).value, "");
    assert.deepEqual(page.focused, []);
    assert.deepEqual(page.details("conflict"), []);
    assert.equal(page.notice, "This page was updated.");
  });

test("five minutes, and no longer", async () => {
  const options = { type: write("field", "typed") };
  const soon = await again(() => form({}), undefined, { ...options, wait: 299_000 });
  assert.equal(field(soon.page).value, "typed");
  const late = await again(() => form({}), undefined, { ...options, wait: 301_000 });
  assert.equal(field(late.page).value, "");
  assert.equal(late.page.notice, "");
});

test("32,768 characters; what does not fit is left out", async () => {
  const fields = () => ["a", "b", "c"].map((name) => h("input", { name }));
  const { page, kept } = await again(() => [...fields(), button()], undefined, {
    type(first) {
      write("a", "x")(first);
      write("b", "y".repeat(32_768))(first);
      write("c", "z".repeat(30_000))(first);
    },
  });
  assert.deepEqual(
    page.document.querySelectorAll("input").map((one) => one.value.length),
    [1, 0, 30_000],
  );
  assert.ok(JSON.stringify(JSON.parse(kept).fields).length <= 32_768);
});
