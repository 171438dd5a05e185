// What is sent, when, and in which order.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Page, h, id, on } from "./page.mjs";

/** A server that answers when the test says so, in the order of the requests. */
function slow() {
  const open = [];
  const answer = () => new Promise((resolve) => open.push(resolve));
  return {
    answer,
    async next(page) {
      open.shift()(new Response(null, { status: 204 }));
      await page.clock.run(0);
    },
  };
}

const input = (more) => h("input", on("input", more));
const type = (page, element, value) => {
  element.value = value;
  page.fire("input", element);
};
const sent = (page) => page.requests.map(({ json }) => json.value ?? json.handler);

test("a request names the wire, the release, the handler and the key", async () => {
  const button = h("button", on("click", { "data-key": "k" }));
  const page = new Page({ "data-release": "r1" }, [button]);
  page.fire("click", button, { clientX: 3, clientY: 4, pageX: 5, pageY: 6 });
  await page.clock.run(0);
  const [{ url, method, headers, json }] = page.requests;
  assert.equal(`${method} ${url}`, "POST /_handlerid");
  assert.deepEqual(
    { ...headers },
    {
      "Handlerid-Wire": "1",
      "Handlerid-Release": "r1",
      "Content-Type": "application/json",
    },
  );
  assert.deepEqual(json, {
    key: "k",
    is_target: true,
    client_x: 3,
    client_y: 4,
    page_x: 5,
    page_y: 6,
    offset_x: 3,
    offset_y: 4,
    handler: id("click"),
  });
});

test("no globals", () => {
  const names = Object.keys(new Page({}, []).world);
  assert.deepEqual(names.filter((name) => !(name in globalThis)).sort(), [
    "Element",
    "MutationObserver",
    "ResizeObserver",
    "addEventListener",
    "document",
    "location",
    "sessionStorage",
    "window",
  ]);
});

test("a page's listener adds to a request, or keeps it", async () => {
  const button = h("button", on("click"));
  const page = new Page({}, [button]);
  page.listeners.send = ({ detail }) => {
    detail.payload.state = "s";
    detail.headers["Page-State"] = "t";
  };
  page.fire("click", button);
  await page.idle();
  assert.equal(page.requests[0].json.state, "s");
  assert.equal(page.requests[0].headers["Page-State"], "t");
  page.listeners.send = (event) => event.preventDefault();
  page.fire("click", button);
  await page.idle();
  assert.equal(page.requests.length, 1);
});

test("another prefix", async () => {
  const button = h("button", { "data-x-h-click": id("click"), "data-x-key": "k" });
  const page = new Page({ "data-prefix": "data-x-" }, [button]);
  page.fire("click", button);
  await page.idle();
  assert.equal(page.requests[0].json.key, "k");
});

test("names of inputs are only names", async () => {
  const form = h("form", on("submit", { "data-key": "k" }));
  form.pairs = [
    ["__proto__", "p"],
    ["tag", "a"],
    ["tag", "b"],
    ["_handler", "h"],
    ["_key", "k"],
    ["_wire", "1"],
  ];
  const page = new Page({}, [form]);
  assert.ok(page.fire("submit", form).defaultPrevented);
  await page.idle();
  const { fields } = page.requests[0].json;
  assert.deepEqual(Object.entries(fields), [
    ["__proto__", ["p"]],
    ["tag", ["a", "b"]],
  ]);
});

test("a button is no field", async () => {
  const fields = [h("input", { name: "a" }), h("button"), h("input", { type: "button" })];
  const box = h("div", on("input_blur"), ...fields);
  const page = new Page({}, [box]);
  for (const field of fields) page.fire("focusout", field);
  await page.idle();
  assert.equal(page.requests.length, 1);
});

test("debounce: the last, after the quiet", async () => {
  const field = input({ "data-debounce": "300" });
  const page = new Page({}, [field]);
  for (const value of ["a", "ab", "abc"]) {
    type(page, field, value);
    await page.clock.run(200);
  }
  assert.deepEqual(sent(page), []);
  await page.clock.run(100);
  assert.deepEqual(sent(page), ["abc"]);
});

test("throttle: the first, the last, and one in between at most", async () => {
  const field = input({ "data-throttle": "300" });
  const page = new Page({}, [field]);
  for (let count = 1; count <= 8; count++) {
    type(page, field, `${count}`);
    await page.clock.run(100);
  }
  assert.deepEqual(sent(page), ["1", "3", "6"]);
  await page.clock.run(1_000);
  assert.deepEqual(sent(page), ["1", "3", "6", "8"]);
});

test("a click does not overtake the text", async () => {
  const server = slow();
  const field = input({ "data-debounce": "300" });
  const button = h("button", on("click"));
  const page = new Page({}, [field, button], server);
  type(page, field, "text");
  page.fire("click", button);
  await page.clock.run(0);
  assert.deepEqual(sent(page), ["text"]);
  await server.next(page);
  assert.deepEqual(sent(page), ["text", id("click")]);
  await server.next(page);
  await page.clock.run(1_000);
  assert.equal(page.requests.length, 2);
});

test("Enter does not wait for the quiet, and comes after the text", async () => {
  const field = h("input", { ...on("input", { "data-debounce": "300" }), ...on("input_enter") });
  const page = new Page({}, [field]);
  type(page, field, "text");
  page.fire("keydown", field, { key: "Enter" });
  await page.clock.run(0);
  assert.deepEqual(
    page.requests.map(({ json }) => json.handler),
    [id("input"), id("input_enter")],
  );
});

test("a value does not overtake another", async () => {
  const server = slow();
  const field = input({ "data-debounce": "300" });
  const select = h("select", on("change"));
  select.value = "b";
  const page = new Page({}, [field, select], server);
  type(page, field, "text");
  page.fire("change", select);
  await page.clock.run(0);
  assert.deepEqual(sent(page), ["text"]);
  await server.next(page);
  assert.deepEqual(sent(page), ["text", "b"]);
});

for (const composing of [{ isComposing: true }, { keyCode: 229 }])
  test(`no keys while composing: ${Object.keys(composing)}`, async () => {
    const field = h("input", { ...on("input_enter"), ...on("key_down") });
    const page = new Page({}, [field]);
    page.fire("keydown", field, { key: "Enter", ...composing });
    await page.clock.run(0);
    assert.deepEqual(page.requests, []);
  });

test("what was composed is sent at its end", async () => {
  const field = input();
  const page = new Page({}, [field]);
  field.value = "か";
  page.fire("input", field, { isComposing: true });
  page.fire("compositionend", field);
  await page.clock.run(0);
  assert.deepEqual(sent(page), ["か"]);
});

for (const [name, script, more, runs] of [
  ["drop by default", {}, {}, 1],
  ["queue", {}, { "data-busy": "queue" }, 5],
  ["latest", {}, { "data-busy": "latest" }, 2],
  ["queue for the page", { "data-busy": "queue" }, {}, 5],
  ["drop for the element", { "data-busy": "queue" }, { "data-busy": "drop" }, 1],
])
  test(`five clicks while the first is in flight: ${name}`, async () => {
    const server = slow();
    const button = h("button", on("click", more));
    const page = new Page(script, [button], server);
    for (let count = 1; count <= 5; count++) {
      page.fire("click", button, { clientX: count });
      await page.clock.run(0);
    }
    for (let count = 1; count <= runs; count++) {
      assert.equal(page.requests.length, count, "one after the other");
      assert.equal(button.getAttribute("aria-busy"), "true");
      await server.next(page);
    }
    assert.equal(page.requests.length, runs);
    assert.equal(button.getAttribute("aria-busy"), null);
    const last = page.requests.at(-1).json.client_x;
    assert.equal(last, runs === 1 ? 1 : 5);
  });

for (const [name, script, values] of [
  ["only the last text waits", {}, ["a", "abc"]],
  ["queue for the page", { "data-busy": "queue" }, ["a", "ab", "abc"]],
])
  test(`text while the first is in flight: ${name}`, async () => {
    const server = slow();
    const field = input();
    const page = new Page(script, [field], server);
    for (const value of ["a", "ab", "abc"]) {
      type(page, field, value);
      await page.clock.run(0);
    }
    for (const value of values) {
      assert.equal(sent(page).at(-1), value);
      await server.next(page);
    }
    assert.deepEqual(sent(page), values);
  });

test("only the last position of the page waits, which is not busy", async () => {
  const server = slow();
  const page = new Page({}, [], server);
  page.body.setAttribute("data-h-scroll", id("scroll"));
  for (const scrollTop of [1, 2, 3]) {
    Object.assign(page.body, { scrollLeft: 0, scrollTop });
    page.fire("scroll", page.document);
    await page.clock.run(0);
  }
  assert.equal(page.body.getAttribute("aria-busy"), null);
  await server.next(page);
  assert.deepEqual(
    page.requests.map(({ json }) => json.scroll_top),
    [1, 3],
  );
});

test("a second click within 500 ms is dropped, also if the first was answered", async () => {
  const button = h("button", on("click", { "data-double": "ignore" }));
  const page = new Page({}, [button]);
  page.fire("click", button);
  await page.clock.run(499);
  page.fire("click", button);
  await page.clock.run(1);
  assert.equal(page.requests.length, 1);
  page.fire("click", button);
  await page.clock.run(0);
  assert.equal(page.requests.length, 2);
});

test("the page's own events are never sent", async () => {
  const names = ["send", "answer", "refused", "failed", "newer", "reload"];
  const handlers = names.map((name) => on(name));
  const button = h("button", Object.assign({}, on("click"), on("web"), ...handlers));
  const page = new Page({}, [button]);
  for (const name of [...names, "web"])
    page.fire(`handlerid:${name}`, button, { detail: { value: 1 } });
  await page.idle();
  assert.deepEqual(
    page.requests.map(({ json }) => json),
    [{ key: "", value: 1, handler: id("web") }],
  );
});

test("a form of the page's own code is sent as a form", async () => {
  const box = h("div", on("drop", { "data-key": "k" }));
  const page = new Page({}, [box]);
  const detail = new page.world.FormData();
  detail.append("files", "a file");
  page.fire("handlerid:drop", box, { detail });
  await page.idle();
  const [{ body, headers }] = page.requests;
  assert.deepEqual(
    [...body],
    [
      ["files", "a file"],
      ["_handler", id("drop")],
      ["_key", "k"],
    ],
  );
  assert.ok(!("Content-Type" in headers), "the browser names the boundary");
});

test("a second tag of the script does nothing", async () => {
  const button = h("button", on("click", { "data-busy": "queue" }), h("b"));
  const page = new Page({}, [button], { tags: 2 });
  page.fire("click", button);
  await page.idle();
  assert.equal(page.requests.length, 1);
});

test("the notice is there before there is anything to say", () => {
  const page = new Page({}, []);
  assert.equal(page.document.querySelector("[data-handlerid-notice]").role, "status");
  assert.equal(page.notice, "");
});

for (const end of ["pointerup", "pointercancel"])
  test(`an answer waits until the press is over: ${end}`, async () => {
    const field = input();
    const page = new Page({}, [field]);
    page.fire("pointerdown", field);
    type(page, field, "a");
    await page.clock.run(100);
    assert.equal(page.requests.length, 1);
    assert.deepEqual(page.details("answer").length, 0);
    page.fire(end, field);
    await page.clock.run(50);
    assert.equal(page.details("answer").length, 1);
  });
