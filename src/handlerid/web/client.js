// The client of docs/reference/wire.md; its types: tests/web/client/types.d.ts
(() => {
const { handlerid: url, release, audience, busy, prefix = "data-" } =
  document.querySelector("script[data-handlerid]").dataset;

const BUTTONS = "button,[type=submit],[type=button]";
const DRAGGED = "text/x-handlerid-key";
// Parts of a reference.
const PLACE = /h1-[a-z2-7]{13}/;
const HANDLER = /h1-[^.]+/;

const isPress = /^(click|submit)$/;
const isPassing = /^(input|key_down|focus|load|resize|scroll)$/;
const isValue = /^input(_blur)?$|change$/;

let count = 0; // of events and requests
const notes = new WeakMap();

/** @type {Is.note} */
const note = (element) => notes.get(element) ?? notes.set(element, {}).get(element);

/** @type {Is.isNews} */
const isNews = (element, name, state) =>
  note(element)[name] !== (note(element)[name] = state);

/** @type {Is.on} */
const on = (type, listener) => document.addEventListener(type, listener, true);

/** @type {Is.get} */
const get = (element, name) => element.getAttribute(prefix + name);

/** @type {Is.handlers} */
const handlers = (element) =>
  element.getAttributeNames().filter((name) => name.startsWith(prefix + "h-"));

/** @type {Is.isBox} */
const isBox = (field) => /^(checkbox|radio)$/.test(field.type);

// What an element and the one that replaces it share.
/** @type {Is.describe} */
function describe(element, part) {
  const { localName, type } = element;
  // In a form, .id and .name may be inputs.
  const name = element.getAttribute("name");
  const references = name && part === PLACE ? [] : handlers(element);
  const around = element.parentElement?.closest(`[id],[name],[${prefix}key]`);
  const own = element.getAttribute("id") ?? [
    around && describe(around, part),
    name,
    get(element, "key"),
    ...references.map((attribute) => element.getAttribute(attribute).match(part)),
  ];
  return String([localName, type, isBox(element) && element.value, own]);
}

/** @type {Is.describeAll} */
function describeAll(root, part) {
  const found = new Map();
  const counts = new Map();
  for (const element of [root, ...root.querySelectorAll("*")]) {
    const label = describe(element, stateOf(element) === undefined ? PLACE : part);
    counts.set(label, (counts.get(label) ?? 0) + 1);
    found.set(label + counts.get(label), element);
  }
  return found;
}

/** @type {Is.raise} */
const raise = (element, name, detail) =>
  (element?.isConnected ? element : document).dispatchEvent(
    new CustomEvent(`handlerid:${name}`, {
      detail,
      bubbles: true,
      cancelable: true,
      composed: true,
    }),
  );

/** @type {Is.say} */
function say(text) {
  let notice = document.querySelector("[data-handlerid-notice]");
  if (!notice) {
    notice = document.body.appendChild(document.createElement("div"));
    notice.setAttribute("data-handlerid-notice", "");
    notice.role = "status";
    notice.style.cssText = "position:fixed;bottom:0";
  }
  if (text !== (note(notice).said ?? "")) notice.textContent = note(notice).said = text;
}

/** @type {Is.tell} */
function tell(job, name, detail) {
  if (raise(job.element, name, detail))
    say(detail.title ?? "No answer arrived. Try again.");
}

// The fields of events. Null sends nothing, undefined tries an ancestor.

/** @type {Reader} */
function pointer(event, element, target) {
  const box = element.getBoundingClientRect();
  return {
    is_target: target === element,
    client_x: event.clientX,
    client_y: event.clientY,
    page_x: event.pageX,
    page_y: event.pageY,
    offset_x: event.clientX - box.left - element.clientLeft,
    offset_y: event.clientY - box.top - element.clientTop,
  };
}

/** @type {Reader} */
function value(event, element, target) {
  if (typeof target.value === "string" && !target.matches(BUTTONS))
    return { value: target.value };
}

/** @type {Is.only} */
const only = (type, read) => (event, element, target) =>
  target.type === type || target.localName === type ? read(target) : undefined;

/** @type {Is.withFiles} */
function withFiles(fields, files) {
  const data = new FormData();
  for (const name in fields) data.append(name, fields[name]);
  for (const file of files) data.append("files", file);
  return data;
}

/** @type {Is.isKey} */
const isKey = (event) => event.key && !event.isComposing && event.keyCode !== 229;

/** @type {Is.isListed} */
const isListed = ({ key }, element) =>
  get(element, "keys")?.split(" ").includes(key === " " ? "Space" : key);

/** @type {Is.modifiers} */
const modifiers = (event) => ({
  shift: event.shiftKey,
  ctrl: event.ctrlKey,
  alt: event.altKey,
  meta: event.metaKey,
});

// A form without a handler is not sent.
/** @type {Is.keepForm} */
function keepForm(event, { form }) {
  if (form && !get(form, "h-submit")) event.preventDefault();
}

/** @type {Reader} */
function focus(event, element) {
  if (!element.contains(event.relatedTarget)) return {};
}

/** @type {Record<string, Record<string, Reader>>} */
const readers = {
  click: {
    click(event, element, target) {
      const held = Object.values(modifiers(event)).includes(true);
      if (held && target.closest("a[href]")) return null;
      // After a label, the browser clicks its field.
      if (note(target).clicked?.includes(element)) return null;
      const field = target.closest("label")?.control;
      if (field && field !== target) {
        (note(field).clicked ??= []).push(element);
        setTimeout(() => delete note(field).clicked);
      }
      const control = element.closest(`a[href],${BUTTONS}`);
      if (control?.href) event.preventDefault();
      if (control?.type === "submit") keepForm(event, control);
      return pointer(event, element, target);
    },
  },
  contextmenu: { right_click: pointer },
  dragover: { drop: () => null },
  drop: {
    drop(event, element, target) {
      const { dataTransfer } = event;
      const source_key = dataTransfer.getData(DRAGGED);
      const fields = { ...pointer(event, element, target), source_key };
      if (dataTransfer.files[0]) return withFiles(fields, dataTransfer.files);
      /** @type {any} */
      const data = {};
      for (const type of dataTransfer.types)
        if (type !== DRAGGED) data[type] = dataTransfer.getData(type);
      return { ...fields, data };
    },
  },
  input: {
    input: (event, ...where) => (event.isComposing ? null : value(event, ...where)),
  },
  compositionend: { input: value },
  change: {
    change: value,
    checkbox_change: only("checkbox", ({ checked }) => ({ checked })),
    radio_change: only("radio", (field) => ({ value: field.value })),
    select_selection_change: only("select", (field) => ({ values: stateOf(field) })),
    slider_value_change: only("range", (field) => ({ value: field.valueAsNumber })),
    date_picker_change: only("date", (field) => ({ date: field.value || null })),
    upload: only("file", (field) => withFiles({}, field.files)),
  },
  focusin: { focus },
  focusout: { input_blur: value, blur: focus },
  keydown: {
    input_enter(event, element, target) {
      if (event.key !== "Enter" || !isKey(event) || event.repeat) return;
      if (target.localName === "input") keepForm(event, target);
      return value(event, element, target);
    },
    textarea_shortcut(event, element, target) {
      const { key } = event;
      const held =
        (event.ctrlKey || event.altKey || event.metaKey) &&
        !event.getModifierState("AltGraph") &&
        !/^(Control|Alt|Meta|Shift)/.test(key);
      if (target.localName === "textarea" && isKey(event))
        if (held || isListed(event, element))
          return { value: target.value, shortcut: { key, ...modifiers(event) } };
    },
    key_down(event, element) {
      const { key, code, repeat } = event;
      if (isKey(event) && (isListed(event, element) ?? true))
        return { pressed: key, code, ...modifiers(event), repeat };
    },
  },
  submit: {
    submit(event, element, form) {
      const data = new FormData(form, event.submitter);
      // For browsers without JavaScript.
      for (const name of ["_handler", "_key", "_wire"]) data.delete(name);
      const fields = Object.create(null); // has no __proto__
      let multipart = form.getAttribute("enctype") === "multipart/form-data";
      for (const [name, content] of data)
        if (typeof content === "string") (fields[name] ??= []).push(content);
        else if (content.name) multipart = true;
      return multipart ? data : { fields };
    },
  },
  toggle: {
    // Also raised for what is open at first.
    expansion_panel_toggle(event, element, { open }) {
      if (event.target === element && isNews(element, "open", open))
        return { opened: open };
    },
  },
  scroll: {
    scroll(event, element, target) {
      const box = (element === document.body && document.scrollingElement) || element;
      const { scrollLeft, scrollTop } = box;
      if (target === element && isNews(box, "scroll", `${scrollLeft} ${scrollTop}`))
        return {
          scroll_left: scrollLeft,
          scroll_top: scrollTop,
          scroll_width: box.scrollWidth,
          scroll_height: box.scrollHeight,
          client_width: box.clientWidth,
          client_height: box.clientHeight,
        };
    },
  },
};

const policy = window.trustedTypes?.createPolicy("handlerid", { createHTML: String });
let showing = false; // then events are no acts of the user

/** @type {Is.hear} */
function hear(event, reading) {
  if (showing && event.isTrusted) return;
  const path = event.target === document ? [document.body] : event.composedPath();
  for (const name in reading)
    for (const element of path) {
      if (!(element instanceof Element) || !get(element, `h-${name}`)) continue;
      if (/^(contextmenu|dragover|drop|submit)$/.test(event.type))
        event.preventDefault();
      const fields = reading[name](event, element, path[0]);
      if (fields === undefined) continue;
      if (fields) occur(element, name, fields);
      if (get(element, "bubble") === null) break;
    }
}

const doubled = new Set();

/** @type {Is.occur} */
function occur(element, name, fields) {
  const handler = get(element, `h-${name}`);
  if (!handler) return;
  const id = describe(element, HANDLER);
  if (isPress.test(name) && get(element, "double") === "ignore") {
    if (doubled.has(id)) return;
    doubled.add(id);
    setTimeout(() => doubled.delete(id), 500);
  }
  const key = get(element, "key") ?? "";
  let payload = fields;
  if (payload instanceof FormData) {
    payload.set("_handler", handler);
    payload.set("_key", key);
  } else payload = { key, ...payload, handler };
  const passive = /^(load|resize|scroll)$/.test(name); // no act of the user
  pace({ element, id, name, payload, passive, at: ++count, sent: 0 });
}

const waiting = new Map(); // held by debounce or throttle

/** @type {Is.letGo} */
function letGo(slot) {
  const { timer, job } = waiting.get(slot);
  clearTimeout(timer);
  waiting.delete(slot);
  if (!job) return;
  job.passive = true;
  pace(job, true);
}

/** @type {Is.pace} */
function pace(job, late) {
  const slot = job.id + job.name;
  const last = waiting.get(slot);
  const debounce = !late && get(job.element, "debounce");
  const wait = debounce || get(job.element, "throttle");
  // What ends an input is never held back.
  if (!wait || /(change|blur|enter|submit)$/.test(job.name)) return enqueue(job);
  if (last && !debounce) return (last.job = job);
  clearTimeout(last?.timer);
  waiting.set(slot, { job: debounce && job, timer: setTimeout(letGo, +wait, slot) });
  if (!debounce) enqueue(job);
}

/** @type {Job[]} */
const jobs = []; // unanswered

/** @type {Is.enqueue} */
function enqueue(job) {
  const { element, id, name } = job;
  if (!isPassing.test(name)) for (const [slot, held] of waiting) if (held.job) letGo(slot);
  const policy = get(element, "busy") ?? busy ?? (isPress.test(name) ? "drop" : "queue");
  const same = jobs.filter((other) => other.id === id && other.name === name);
  if (policy === "drop" && same[0]) return;
  const next = policy === "latest" && same.find(({ sent }) => !sent);
  if (next) return Object.assign(next, job);
  if (!job.passive) say("");
  // A click waits for the values before it.
  const acts = !isPassing.test(name) && !isValue.test(name);
  const before = jobs.map((other) =>
    busy || other.id === id ? other.done : acts && isValue.test(other.name) && other.reached,
  );
  jobs.push(job);
  element.setAttribute("aria-busy", "true");
  job.reached = new Promise((resolve) => (job.reach = resolve));
  job.done = run(job, before);
}

/** @type {Is.run} */
async function run(job, before) {
  await Promise.all(before);
  try {
    await send(job);
  } catch (error) {
    console.error(error);
    tell(job, "failed", { status: 0 });
  }
  job.reach?.();
  jobs.splice(jobs.indexOf(job), 1);
  for (const element of [job.element, ...document.querySelectorAll("[aria-busy]")])
    if (handlers(element)[0] && !jobs.some(({ id }) => id === describe(element, HANDLER)))
      element.removeAttribute("aria-busy");
}

/** @type {Is.send} */
async function send(job) {
  /** @type {any} */
  const headers = { "Handlerid-Wire": "1" };
  if (release) headers["Handlerid-Release"] = release;
  const detail = { payload: job.payload, headers };
  if (!raise(job.element, "send", detail)) return;
  let body = detail.payload;
  if (!(body instanceof FormData)) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(body);
  }
  job.sent = ++count;
  const response = await fetch(url, { method: "POST", headers, body });
  job.reach?.();
  const server = response.headers.get("Handlerid-Release");
  const other = release && server !== release ? server : "";
  if (other) raise(job.element, "newer", { release: other });
  const type = response.headers.get("Content-Type")?.match(/\/([^;]+)/)?.[1];
  if (type === "problem+json") return refuse(job, await response.json(), other);
  if (!response.ok) return tell(job, "failed", { status: response.status });
  if (response.redirected) return location.assign(response.url);
  if (type !== "event-stream") return answer(job, type, await response.text());
  for await (const [name, data] of steps(response.body)) {
    if (name === "end") return;
    if (name === "refused") return refuse(job, JSON.parse(data), other);
    job.again = true; // it ran
    await answer(job, name, data);
  }
  throw new Error("no end");
}

/** @type {Is.steps} */
async function* steps(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value = "", done } = await reader.read();
    // The LF of a CR may be in the next chunk.
    const ends = done ? /\r\n?/g : /\r\n|\r(?!$)/g;
    const blocks = (text + value).replace(ends, "\n").split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const name = block.match(/(?:^|\n)event: ?(.*)/);
      const lines = [...block.matchAll(/(?:^|\n)data: ?([^\n]*)/g)];
      if (name) yield [name[1], lines.map((line) => line[1]).join("\n")];
    }
    if (done) return;
  }
}

// Replacing what is pressed would lose the click.
/** @type {any} */
let calm;
on("pointerdown", () => {
  calm = new Promise((resolve) => {
    setTimeout(resolve, 1000);
    addEventListener("pointerup", () => setTimeout(resolve, 50), { once: true });
  });
});
on("click", () => (calm = null));

/** @type {Is.answer} */
async function answer(job, type, text) {
  await calm;
  if (type === "html") show(job, text);
  const data = type === "json" ? JSON.parse(text) : text;
  raise(job.element, "answer", { type, data });
}

/** @type {Is.refuse} */
async function refuse(job, refusal, other) {
  if (refusal.reload === true) {
    if (other && !job.again) {
      job.again = true;
      await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 100));
      return send(job);
    }
    if (!job.passive && mayReload(job, refusal, other)) return location.reload();
  }
  tell(job, "refused", refusal);
}

/** @type {Is.placeOf} */
const placeOf = (element, name) => [
  name,
  get(element, `h-${name}`)?.match(PLACE)?.[0],
  get(element, "key"),
];

/** @type {Is.mayReload} */
function mayReload({ name, element }, refusal, other) {
  try {
    const time = Date.now();
    const log = JSON.parse(sessionStorage.getItem("handlerid.reloads") ?? "{}");
    const recent = Object.values(log).filter((then) => time - then < 60_000);
    if (recent[1] || log[other] || !raise(null, "reload", refusal)) return false;
    log[other || time] = time;
    sessionStorage.setItem("handlerid.reloads", JSON.stringify(log));
    const lost = placeOf(element, name);
    const kept = { time, audience, path: location.pathname, lost, fields: typed() };
    sessionStorage.setItem("handlerid.kept", JSON.stringify(kept));
    return true;
  } catch {
    return false; // without storage, never
  }
}

function typed() {
  const fields = [];
  for (const [label, field] of describeAll(document.body, PLACE)) {
    const name = field.name || field.id;
    const entry = [label, name, stateOf(field, true), stateOf(field)];
    const fill = field.autocomplete || field.form?.autocomplete;
    if (
      !name ||
      isSame(entry[2], entry[3]) ||
      (field.options && note(field).changed === undefined) ||
      /^(password|hidden)$/.test(field.type) ||
      /(^| )(off|one-time-code|cc-|\S*password)/i.test(fill)
    )
      continue;
    fields.push(entry);
    if (JSON.stringify(fields).length > 32_768) fields.pop();
  }
  return fields;
}

function restore() {
  let kept;
  try {
    kept = JSON.parse(sessionStorage.getItem("handlerid.kept") ?? "null");
    sessionStorage.removeItem("handlerid.kept");
  } catch {
    return;
  }
  if (!kept || Date.now() - kept.time > 300_000) return;
  if (kept.audience === audience && kept.path === location.pathname) {
    const fields = describeAll(document.body, PLACE);
    let whole = true;
    for (const [label, name, initial, value] of kept.fields) {
      const field = fields.get(label);
      if (field && isSame(stateOf(field, true), initial)) setState(field, value);
      if (field && isSame(stateOf(field), value)) continue;
      whole = false;
      raise(field, "conflict", { name, value });
    }
    const [event] = kept.lost;
    const [element, second] = [
      ...document.querySelectorAll(`[${prefix}h-${event}]`),
    ].filter((one) => isSame(placeOf(one, event), kept.lost));
    if (element && !second) {
      if (element.tabIndex < 0) element.tabIndex = -1; // makes it focusable
      element.focus();
      if (whole && isPress.test(event) && get(element, "stale"))
        (element.requestSubmit ?? element.click).call(element);
    }
  }
  say("This page was updated.");
}

/** @type {Is.stateOf} */
function stateOf(field, initial) {
  if (!field.matches("input,select,textarea")) return;
  if (isBox(field)) return initial ? field.defaultChecked : field.checked;
  if (field.type === "file") return field.files;
  if (field.localName !== "select") return initial ? field.defaultValue : field.value;
  return [...field.options]
    .filter((option) => (initial ? option.defaultSelected : option.selected))
    .map((option) => option.value);
}

/** @type {Is.setState} */
function setState(field, state) {
  if (isSame(stateOf(field), state)) return;
  note(field).changed ??= 0;
  if (isBox(field)) field.checked = state;
  else if (field.type === "file") field.files = state;
  else if (field.localName !== "select") field.value = state;
  else for (const option of field.options) option.selected = state.includes(option.value);
}

/** @type {Is.isSame} */
const isSame = (one, other) => String(one) === String(other);

/** @type {Is.show} */
function show(job, html) {
  const template = document.createElement("template");
  template.innerHTML = policy ? policy.createHTML(html) : html;
  for (const fresh of template.content.querySelectorAll("[id]")) {
    if (fresh.parentElement?.closest("[id]")) continue;
    const { id } = fresh;
    const old = document.getElementById(id);
    if (!old) {
      raise(job.element, "missing", { id });
      continue;
    }
    const newer = [...document.querySelectorAll("[id]")].filter(
      (node) => note(node).shown > job.sent && (node.contains(old) || old.contains(node)),
    );
    if (!newer[0]) {
      showing = true;
      try {
        replace(old, fresh, job);
      } finally {
        showing = false;
      }
    }
  }
}

/** @type {Is.keepsState} */
function keepsState(field, job) {
  if (note(field).changed >= job.at) return true;
  if (field !== document.activeElement) return false;
  // The answer to a message may empty its field.
  if (/^(input_enter|submit)$/.test(job.name))
    for (let node = field; node; node = node.parentElement)
      if (describe(node, HANDLER) === job.id) return false;
  return true;
}

/** @type {Is.replace} */
function replace(old, fresh, job) {
  const twins = describeAll(fresh, HANDLER);
  const active = document.activeElement;
  const pairs = [];
  for (const [label, element] of describeAll(old, HANDLER)) {
    const twin = twins.get(label);
    if (!twin) continue;
    const state = stateOf(keepsState(element, job) ? element : twin);
    const { scrollLeft: left, scrollTop: top } = element;
    pairs.push({ element, twin, state, left, top });
  }
  old.before(fresh);
  let kept;
  for (const { element, twin, state, left, top } of pairs) {
    let node = twin;
    if (element === active) {
      // It stays, with its selection, undo and input method.
      node = kept = element;
      for (const name of element.getAttributeNames())
        if (!twin.hasAttribute(name)) element.removeAttribute(name);
      for (const one of twin.attributes) element.setAttributeNode(one.cloneNode());
      if (!element.isContentEditable) element.replaceChildren(...twin.childNodes);
      const parent = twin.parentNode;
      (parent.moveBefore ?? parent.insertBefore).call(parent, element, twin);
      twin.remove();
      element.focus({ preventScroll: true });
    }
    setState(node, state);
    note(node).changed = note(element).changed;
    if (left || top) {
      node.scrollTo({ left, top, behavior: "instant" });
      note(node).scroll = `${node.scrollLeft} ${node.scrollTop}`;
    }
  }
  if (kept !== old) old.remove();
  note(old).shown = note(fresh).shown = job.sent;
}

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const { width, height } = target.getBoundingClientRect();
    if (!isNews(target, "sized", true) && target.isConnected)
      occur(target, "resize", { width, height });
  }
});
// The client's own events are not sent.
const seen = new Set(
  "send answer refused failed newer missing conflict reload".split(" "),
);

/** @type {Is.adopt} */
function adopt(root) {
  for (const element of [root, ...root.querySelectorAll("*")])
    for (const attribute of handlers(element)) {
      const name = attribute.slice(prefix.length + 2);
      const id = describe(element, HANDLER);
      if (jobs.some((job) => job.id === id)) element.setAttribute("aria-busy", "true");
      note(element).open = element.open;
      if (name === "resize" && element !== document.body && !note(element).sized)
        sizes.observe(element);
      if (name === "load" && !seen.has(id)) {
        seen.add(id);
        occur(element, name, { path: location.pathname });
      }
      if (seen.has(name)) continue;
      seen.add(name);
      on(`handlerid:${name}`, (event) =>
        hear(event, { [name]: ({ detail }) => ({ ...detail }) }),
      );
    }
}

function begin() {
  if (document.prerendering) return on("prerenderingchange", begin);
  say("");
  adopt(document.documentElement);
  restore();
  new MutationObserver((records) => {
    for (const { addedNodes } of records)
      for (const node of addedNodes) if (node instanceof Element) adopt(node);
  }).observe(document, { childList: true, subtree: true });
}

on("input", (event) => (note(event.composedPath()[0]).changed = count));
for (const type in readers) on(type, (event) => hear(event, readers[type]));
on("dragstart", ({ target, dataTransfer }) => {
  const source = target.closest?.(`[${prefix}key]`);
  if (source) dataTransfer.setData(DRAGGED, get(source, "key"));
});
addEventListener("resize", () =>
  occur(document.body, "resize", { width: innerWidth, height: innerHeight }),
);
// The page's own scripts have run by then.
addEventListener("DOMContentLoaded", begin);
})();
