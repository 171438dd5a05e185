// A page without a browser: as much of a document as client.js needs to send events,
// to read answers and to come back after a reload. What replaces elements is tested in
// a real browser.
import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";

const CLIENT = new URL("../../../src/handlerid/web/client.js", import.meta.url);
const source = readFileSync(CLIENT, "utf8");

/** Time that stands still until a test lets it run. */
export class Clock {
  now = 1_700_000_000_000;
  #timers = new Map();
  #last = 0;

  setTimeout = (call, wait = 0, ...args) => {
    this.#timers.set(++this.#last, { at: this.now + wait, call: () => call(...args) });
    return this.#last;
  };

  clearTimeout = (timer) => this.#timers.delete(timer);

  async run(milliseconds) {
    const end = this.now + milliseconds;
    await settled();
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end);
      const [next] = due.sort(([, one], [, other]) => one.at - other.at);
      if (!next) break;
      this.#timers.delete(next[0]);
      this.now = next[1].at;
      next[1].call();
      await settled();
    }
    this.now = end;
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** So many turns of the event loop that only timers are left, and long streams. */
async function settled() {
  for (let count = 0; count < 50; count++) await turn();
}

export class Element {
  children = [];
  parentElement = null;
  tabIndex = 0;
  defaultValue = "";
  value = "";
  #attributes;

  constructor(localName, attributes = {}, ...children) {
    this.localName = localName;
    this.#attributes = new Map(Object.entries(attributes));
    if (localName === "input") this.type = attributes.type ?? "text";
    Object.assign(this, { name: attributes.name, id: attributes.id ?? "" });
    this.defaultValue = this.value = attributes.value ?? "";
    this.defaultChecked = this.checked = "checked" in attributes;
    this.style = {};
    children.forEach((child) => this.appendChild(child));
  }

  appendChild(child) {
    this.children.push(child);
    child.parentElement = this;
    return child;
  }

  getAttribute = (name) => this.#attributes.get(name) ?? null;
  getAttributeNames = () => [...this.#attributes.keys()];
  setAttribute = (name, value) => void this.#attributes.set(name, value);
  removeAttribute = (name) => void this.#attributes.delete(name);

  get ariaBusy() {
    return this.getAttribute("aria-busy");
  }

  set ariaBusy(value) {
    if (value === null) this.removeAttribute("aria-busy");
    else this.setAttribute("aria-busy", value);
  }

  get dataset() {
    const data = [...this.#attributes].filter(([name]) => name.startsWith("data-"));
    return Object.fromEntries(data.map(([name, value]) => [name.slice(5), value]));
  }

  get form() {
    return this.localName === "input" ? this.closest("form") : undefined;
  }

  get autocomplete() {
    return this.getAttribute("autocomplete") ?? "";
  }

  get path() {
    return [this, ...(this.parentElement?.path ?? [])];
  }

  get isConnected() {
    return this.path.at(-1).localName === "html";
  }

  // Selectors as the client has them: a tag, or an attribute, perhaps with its value.
  matches(selectors) {
    return selectors.split(",").some((selector) => {
      const [, tag, name, value] = selector.match(/^([a-z*]*)(?:\[([^=\]]+)=?(.*)\])?$/);
      if (tag && tag !== "*" && tag !== this.localName) return false;
      return !name || (value ? this.getAttribute(name) === value : this.#attributes.has(name));
    });
  }

  closest = (selectors) => this.path.find((one) => one.matches(selectors)) ?? null;

  querySelectorAll(selectors) {
    const inside = this.children.flatMap((child) => [child, ...child.querySelectorAll("*")]);
    return inside.filter((one) => one.matches(selectors));
  }

  querySelector = (selectors) => this.querySelectorAll(selectors)[0] ?? null;
  contains = (other) => Boolean(other?.path.includes(this));
  focus = () => this.page.focused.push(this);
  click = () => this.page.fire("click", this);
  requestSubmit = undefined;

  get page() {
    return this.path.at(-1).page_;
  }

  dispatchEvent = (event) => this.page.raise(event, this);
}

export const h = (...args) => new Element(...args);

export const id = (event, place = "a", fingerprint = "b") =>
  `h1-${place.repeat(13)}-${fingerprint.repeat(20)}.${event}`;

/** Attributes of an element with a handler. */
export const on = (event, more = {}, ...parts) => ({
  [`data-h-${event}`]: id(event, ...parts),
  ...more,
});

/** sessionStorage, which outlives the pages of a tab. */
export class Storage {
  items = new Map();
  getItem = (key) => this.items.get(key) ?? null;
  setItem = (key, value) => void this.items.set(key, value);
  removeItem = (key) => void this.items.delete(key);
}

export class Page {
  raised = []; // the client's own events
  listeners = {}; // of the page, to its events
  requests = [];
  focused = [];
  reloads = 0;
  assigned = [];
  #heard = [];

  /**
   * @param {object} script attributes of its tag, beside data-handlerid
   * @param {Element[]} body
   * @param {{clock?: Clock, storage?: Storage | null, path?: string,
   *   answer?: (request: object) => unknown, tags?: number}} tab
   */
  constructor(
    script,
    body,
    { clock = new Clock(), storage, path = "/", answer, tags = 1 } = {},
  ) {
    this.clock = clock;
    this.answer = answer ?? (() => new Response(null, { status: 204 }));
    const tag = h("script", { "data-handlerid": "/_handlerid", ...script });
    this.body = h("body", {}, ...body);
    const html = h("html", {}, h("head", {}, tag), this.body);
    html.page_ = this;
    const document = {
      body: this.body,
      documentElement: html,
      addEventListener: (type, listener) => this.#heard.push([type, listener]),
      createElement: (name) => h(name),
      dispatchEvent: (event) => this.raise(event, document),
      querySelector: html.querySelector,
      querySelectorAll: (selectors) => html.querySelectorAll(selectors),
    };
    this.document = document;
    const observer = class {
      observe() {}
    };
    const page = this;
    const world = {
      CustomEvent,
      Element,
      MutationObserver: observer,
      ResizeObserver: observer,
      TextDecoderStream,
      FormData: class extends FormData {
        constructor(form) {
          super();
          for (const pair of form?.pairs ?? []) this.append(...pair);
        }
      },
      console: { error: () => {} },
      document,
      location: {
        pathname: path,
        reload: () => this.reloads++,
        assign: (url) => this.assigned.push(url),
      },
      get sessionStorage() {
        if (storage === null) throw new Error("forbidden");
        return storage ?? new Storage();
      },
      addEventListener: document.addEventListener,
      setTimeout: clock.setTimeout,
      clearTimeout: clock.clearTimeout,
      Date: { now: () => clock.now },
      fetch: async (url, options) => {
        const { body: sent } = options;
        const request = { url, ...options, json: typeof sent === "string" && JSON.parse(sent) };
        page.requests.push(request);
        return page.answer(request);
      },
    };
    world.window = world;
    createContext(world);
    for (let count = 1; count <= tags; count++) runInContext(source, world);
    this.world = world;
    this.fire("DOMContentLoaded", document);
  }

  /** What the user, or the browser, does. */
  fire(type, target, more = {}) {
    const path = target === this.document ? [target] : target.path;
    const event = {
      type,
      target,
      isTrusted: true,
      defaultPrevented: false,
      composedPath: () => path,
      preventDefault: () => (event.defaultPrevented = true),
      ...more,
    };
    for (const [heard, listener] of this.#heard) if (heard === type) listener(event);
    return event;
  }

  raise(event, target) {
    const name = event.type.replace("handlerid:", "");
    this.raised.push({ name, detail: event.detail, target });
    this.listeners[name]?.(event);
    return !event.defaultPrevented;
  }

  /** Details of the events of one name, as objects of this side. */
  details(name) {
    const found = this.raised.filter((one) => one.name === name);
    return found.map((one) => JSON.parse(JSON.stringify(one.detail)));
  }

  /** Until every event is answered. */
  async idle() {
    while (this.document.querySelector("[aria-busy]")) await turn();
  }

  get notice() {
    return this.document.querySelector("[data-handlerid-notice]").textContent ?? "";
  }
}

Element.prototype.getBoundingClientRect = () => ({ left: 0, top: 0, width: 0, height: 0 });
Object.assign(Element.prototype, { clientLeft: 0, clientTop: 0 });

export const refusal = (more = {}, release = "", media = "application/problem+json") =>
  new Response(JSON.stringify({ title: "Old.", error: "StaleHandler", reload: true, ...more }), {
    status: 409,
    headers: { "Content-Type": media, ...(release && { "Handlerid-Release": release }) },
  });
