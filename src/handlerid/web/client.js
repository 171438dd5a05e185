// The client of docs/reference/wire.md; its types: tests/web/client/types.d.ts
(() => {
const script = document.querySelector("script[data-handlerid]");
if (script.started) return; // by a second tag
script.started = true;
const { handlerid: url, release, audience, busy, prefix = "data-" } = script.dataset;

const BUTTONS = "button,[type=submit],[type=button]";
// Parts of a reference.
const PLACE = /h1-[a-z2-7]{13}/;
const HANDLER = /h1-[^.]+/;

const isPress = /^(click|submit)$/;
const isPassing = /^(input|key_down|focus|load|resize|scroll)$/;
const isValue = /^input(_blur)?$|change$/;
const isLast = /(change|blur|enter|submit|upload)$/; // ends an input

let count = 0; // of events, requests and notes
const notes = new WeakMap();

/** @type {Is.note} */
const note = (element) =>
  notes.get(element) ?? notes.set(element, { element, id: ++count }).get(element);

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

/** @type {Is.describe} */
function describe(element, part, root) {
  const { localName, type } = element;
  // In a form, .id and .name may be inputs.
  const id = element.getAttribute("id");
  const name = element.getAttribute("name");
  const references = name && part === PLACE ? [] : handlers(element);
  const around =
    element !== root &&
    element.parentElement?.closest(`form,[id],[name],[${prefix}key]`);
  const own = (part === PLACE && id) || [
    around && describe(around, part, root),
    id,
    name,
    get(element, "key"),
    ...references.map((attribute) => element.getAttribute(attribute).match(part)),
  ];
  return String([localName, type, isBox(element) && element.value, own]);
}

/** @type {Is.describeAll} */
function describeAll(root, part, known) {
  const found = new Map();
  const counts = new Map();
  for (const element of [root, ...root.querySelectorAll("*")]) {
    if (known?.has(element)) continue;
    const label = describe(element, part, root);
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
    notice.style.cssText =
      "position:fixed;inset:auto 0 0;z-index:9999;background:Canvas;color:CanvasText;" +
      "text-align:center;line-height:2";
  }
  if (text || note(notice).said) notice.textContent = note(notice).said = text;
}

/** @type {Is.tell} */
function tell(job, name, detail) {
  const text = detail.status ? "This action failed." : "No answer arrived. Try again.";
  if (raise(job.note.element, name, detail)) say(detail.title ?? text);
}

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
  if (event.isComposing) return null;
  if (typeof target.value === "string" && !target.matches(BUTTONS))
    return { value: target.value };
}

/** @type {Is.only} */
const only = (type, read) => (event, element, target) =>
  target.type === type || target.localName === type ? read(target) : undefined;

/** @type {Is.isKey} */
const isKey = (event) => event.key && !event.isComposing && event.keyCode !== 229;

/** @type {Is.modifiers} */
const modifiers = (event) => ({
  shift: event.shiftKey,
  ctrl: event.ctrlKey,
  alt: event.altKey,
  meta: event.metaKey,
});

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
  input: { input: value },
  compositionend: { input: value },
  change: {
    change: value,
    checkbox_change: only("checkbox", ({ checked }) => ({ checked })),
    radio_change: only("radio", (field) => ({ value: field.value })),
    select_selection_change: only("select", (field) => ({ values: stateOf(field) })),
    slider_value_change: only("range", (field) => ({ value: field.valueAsNumber })),
    date_picker_change: only("date", (field) => ({ date: field.value || null })),
    upload: only("file", ({ files }) => {
      const data = new FormData();
      for (const file of files) data.append("files", file);
      return data;
    }),
  },
  focusin: { focus },
  focusout: { input_blur: value, blur: focus },
  keydown: {
    input_enter(event, element, target) {
      if (event.key !== "Enter" || !isKey(event) || event.repeat) return;
      if (target.localName === "input") keepForm(event, target);
      return value(event, element, target);
    },
    key_down(event, element) {
      const { key, code, repeat } = event;
      const keys = get(element, "keys")?.split(" ");
      if (isKey(event) && keys?.includes(key === " " ? "Space" : key) !== false)
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
      if (/^(contextmenu|submit)$/.test(event.type)) event.preventDefault();
      const fields = reading[name](event, element, path[0]);
      if (fields === undefined) continue;
      if (fields) occur(element, name, fields);
      if (get(element, "bubble") === null) break;
    }
}

/** @type {Is.occur} */
function occur(element, name, fields) {
  const handler = get(element, `h-${name}`);
  if (!handler) return;
  const own = note(element);
  if (isPress.test(name) && get(element, "double") === "ignore") {
    if (!isNews(element, "doubled", true)) return;
    setTimeout(() => (own.doubled = false), 500);
  }
  const key = get(element, "key") ?? "";
  let payload = fields;
  if (payload instanceof FormData) {
    payload.set("_handler", handler);
    payload.set("_key", key);
  } else payload = { key, ...payload, handler };
  const passive = /^(load|resize|scroll)$/.test(name); // no act of the user
  pace({ note: own, name, payload, passive, at: ++count, sent: 0 });
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
  const { element, id } = job.note;
  const slot = id + job.name;
  const last = waiting.get(slot);
  const debounce = !late && get(element, "debounce");
  const wait = debounce || get(element, "throttle");
  if (!wait || isLast.test(job.name)) return enqueue(job);
  if (last && !debounce) return (last.job = job);
  clearTimeout(last?.timer);
  waiting.set(slot, { job: debounce && job, timer: setTimeout(letGo, +wait, slot) });
  if (!debounce) enqueue(job);
}

/** @type {Job[]} */
const jobs = []; // unanswered

/** @type {Is.showBusy} */
function showBusy(own) {
  const isBusy = jobs.some((job) => job.note === own);
  // The body would be the whole page.
  if (own.element !== document.body) own.element.ariaBusy = isBusy ? "true" : null;
}

/** @type {Is.enqueue} */
function enqueue(job) {
  const { note: own, name } = job;
  const acts = !isPassing.test(name);
  if (acts) for (const [slot, held] of waiting) if (held.job) letGo(slot);
  const mode =
    get(own.element, "busy") ??
    busy ??
    (isPress.test(name) ? "drop" : /^(input|resize|scroll)$/.test(name) && "latest");
  const same = jobs.filter((other) => other.note === own && other.name === name);
  if (mode === "drop" && same[0]) return;
  const next = mode === "latest" && same.find(({ sent }) => !sent);
  if (next) return Object.assign(next, job);
  if (!job.passive) say("");
  // A click waits for the values before it.
  const before = jobs.map((other) =>
    busy || other.note === own
      ? other.done
      : acts && isValue.test(other.name) && other.reached,
  );
  jobs.push(job);
  showBusy(own);
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
  showBusy(job.note);
}

/** @type {Is.send} */
async function send(job) {
  /** @type {any} */
  const headers = { "Handlerid-Wire": "1" };
  if (release) headers["Handlerid-Release"] = release;
  const detail = { payload: job.payload, headers };
  if (!raise(job.note.element, "send", detail)) return;
  let body = detail.payload;
  if (!(body instanceof FormData)) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(body);
  }
  job.sent = ++count;
  const response = await fetch(url, { method: "POST", headers, body });
  job.reach?.();
  const server = response.headers.get("Handlerid-Release");
  const other = release && server !== release && server;
  if (other) raise(job.note.element, "newer", { release: other });
  const type = response.headers.get("Content-Type")?.match(/\/([^;]+)/)?.[1];
  if (type === "problem+json") return refuse(job, await response.json(), other);
  if (!response.ok) return tell(job, "failed", { status: response.status });
  const place = response.headers.get("Handlerid-Location");
  if (place || response.redirected) return location.assign(place ?? response.url);
  if (type !== "event-stream") return answer(job, type, await response.text());
  for await (const [name, data] of steps(response.body)) {
    if (name === "end") return;
    if (name === "refused") return refuse(job, JSON.parse(data), other);
    job.again = true; // it ran
    job.sent = ++count;
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
let calm = {};
on("pointerdown", () => {
  calm = new Promise((resolve) => {
    setTimeout(resolve, 1000);
    for (const end of ["pointerup", "pointercancel"])
      addEventListener(end, () => setTimeout(resolve, 50), { once: true });
  });
});
on("click", () => (calm = {}));

/** @type {Is.answer} */
async function answer(job, type, text) {
  await calm;
  if (type === "html") show(job, text);
  const data = type === "json" ? JSON.parse(text) : text;
  raise(job.note.element, "answer", { type, data });
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
function mayReload({ name, note: { element } }, refusal, other) {
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
    kept = JSON.parse(sessionStorage.getItem("handlerid.kept") ?? "{}");
    sessionStorage.removeItem("handlerid.kept");
  } catch {
    return;
  }
  if (!(Date.now() - kept.time < 300_000)) return;
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
      focusOn(element);
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
  if (field.type === "file") field.files = state;
  if (isSame(stateOf(field), state)) return;
  note(field).changed ??= 0;
  if (isBox(field)) field.checked = state;
  else if (field.localName !== "select") field.value = state;
  else for (const one of field.options) one.selected = state.includes(one.value);
}

/** @type {Is.isSame} */
const isSame = (one, other) => String(one) === String(other);

/** @type {Is.focusOn} */
function focusOn(element) {
  if (element.tabIndex < 0 && !element.isContentEditable) element.tabIndex = -1;
  element.focus({ preventScroll: true });
}

/** @type {Is.show} */
function show(job, html) {
  const template = document.createElement("template");
  template.innerHTML = policy?.createHTML(html) ?? html;
  const newer = [...document.querySelectorAll("[id]")].filter(
    (node) => note(node).shown > job.sent,
  );
  showing = true;
  try {
    for (const fresh of template.content.querySelectorAll("[id]:not([id] *)")) {
      const id = fresh.getAttribute("id");
      const old = document.getElementById(id);
      if (!old) raise(job.note.element, "missing", { id });
      else if (!newer.some((node) => node.contains(old) || old.contains(node)))
        replace(old, fresh, job);
    }
  } finally {
    showing = false;
  }
}

/** @type {Is.keepsState} */
function keepsState(field, twin, { at, name, note: { element } }, same) {
  if (note(field).changed >= at) return true;
  const answered = element.contains(field) ? name : "";
  // The answer to a message may empty its field.
  if (field === document.activeElement) return !/(enter|submit)$/.test(answered);
  if (isLast.test(answered) || !same.has(field)) return false;
  return note(field).changed >= 0 && isSame(stateOf(field, true), stateOf(twin, true));
}

/** @type {Is.pair} */
function pair(old, fresh, part, known) {
  const pairs = new Map(known);
  const twins = describeAll(fresh, part, new Set(known.values()));
  for (const [label, element] of describeAll(old, part, known)) {
    const twin = twins.get(label);
    const isField = stateOf(element) !== undefined;
    if (twin && (part === HANDLER || !isField || element.id)) pairs.set(element, twin);
  }
  return pairs;
}

// What has the focus stays, with its selection and input method.
/** @type {Is.takePlace} */
function takePlace(element, twin) {
  const state = stateOf(twin);
  for (const name of element.getAttributeNames())
    if (!twin.hasAttribute(name)) element.removeAttribute(name);
  for (const one of twin.attributes) element.setAttributeNode(one.cloneNode());
  if (!element.isContentEditable) element.replaceChildren(...twin.childNodes);
  const parent = twin.parentNode;
  (parent.moveBefore ?? parent.insertBefore).call(parent, element, twin);
  twin.remove();
  setState(element, state);
}

/** @type {Is.replace} */
function replace(old, fresh, job) {
  const active = document.activeElement;
  const same = pair(old, fresh, HANDLER, new Map());
  const pairs = pair(old, fresh, PLACE, same);
  for (const [element, twin] of pairs)
    if (keepsState(element, twin, job, same)) setState(twin, stateOf(element));
  // To measure anything from here on would lay the page out.
  old.before(fresh);
  if (pairs.has(active)) takePlace(active, pairs.get(active));
  for (const [element, twin] of pairs) {
    const own = note(element);
    const node = (own.element = element === active ? active : twin);
    notes.set(node, own);
    if (!node.open && element.matches("details[open],:modal")) {
      node.showModal?.();
      node.open = true;
    }
    if (own.scrolled) node.scrollTo({ ...own.scrolled, behavior: "instant" });
  }
  note(old).shown = note(fresh).shown = job.sent;
  let near = active;
  while (near && !pairs.has(near)) near = near.parentElement;
  if (near) focusOn(note(near).element);
  if (near !== old || active !== old) old.remove();
}

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const { width, height } = target.getBoundingClientRect();
    // One that was replaced shares its note.
    if (target.isConnected && !isNews(target, "sized", true))
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
      const own = note(element);
      showBusy(own);
      own.open = element.open;
      own.sized = false;
      if (name === "resize" && element !== document.body) sizes.observe(element);
      if (name === "load" && isNews(element, "loaded", true))
        occur(element, name, { path: location.pathname });
      if (seen.has(name)) continue;
      seen.add(name);
      on(`handlerid:${name}`, (event) =>
        hear(event, { [name]: () => event.detail ?? {} }),
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

on("scroll", ({ target }) => {
  note(target).scrolled = { left: target.scrollLeft, top: target.scrollTop };
});
on("input", (event) => (note(event.composedPath()[0]).changed = count));
for (const type in readers) on(type, (event) => hear(event, readers[type]));
addEventListener("resize", () =>
  occur(document.body, "resize", { width: innerWidth, height: innerHeight }),
);
// The page's own scripts have run by then.
addEventListener("DOMContentLoaded", begin);
})();
