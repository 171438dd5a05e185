// The browser's end of docs/reference/wire.md: sends what the user does, shows answers.
(() => {
  "use strict";

  /** @typedef {any} Field an input, select or textarea, or another element with a value */
  /** @typedef {Record<string, unknown> | FormData} Fields */
  /**
   * Reads the fields of an event. Null: nothing is sent; undefined: try an ancestor.
   * @typedef {(event: any, element: Element, target: Field) => Fields | null | undefined}
   *   Reader
   */
  /**
   * @typedef {object} Job an event on its way to the server
   * @property {Element} element
   * @property {string} id describes the element, also after an answer replaced it
   * @property {string} name the wire name of the event
   * @property {Fields} payload
   * @property {number} at when the payload was read, as a count
   * @property {boolean} passive not an act of the user: it never reloads the page
   * @property {boolean} [again] whether it may not be sent once more
   * @property {number} [sent] when the request left
   * @property {() => void} [reach]
   * @property {Promise<void>} [reached] the server has begun to answer
   * @property {Promise<void>} [done]
   */

  const script = /** @type {HTMLScriptElement} */ (
    document.querySelector("script[data-handlerid]")
  );
  const { handlerid: url = "", release, audience, prefix = "data-" } = script.dataset;
  const serial = script.dataset.busy === "queue";

  const FIELDS = "input,select,textarea";
  const LINK = "a[href],area[href]";
  const BUTTON = "button,[type=submit],[type=image],[type=button],[type=reset]";
  const DRAGGED = "text/x-handlerid-key";
  const RELOADS = "handlerid.reloads";
  const KEPT = "handlerid.kept";
  // Of a reference: what names the handler's place in the code, and what names the handler.
  const LOCATION = /h1-[a-z2-7]{13}/;
  const ID = /h1-[^.]+/;

  const isValue = /^input(_blur)?$|change$/; // a click waits until the server has these
  const isFinal = /(change|blur|enter|submit)$/; // debounce and throttle do not hold these
  const isPassing = /^(input|key_down|focus|load|resize|scroll)$/; // others stay held
  const isPassive = /^(load|resize|scroll)$/;

  let count = 0; // of events and requests, in their order
  /** @type {WeakMap<Element, number>} when the user last changed a field */
  const changed = new WeakMap();

  /** @param {Element} element @param {string} name */
  const get = (element, name) => element.getAttribute(prefix + name);

  /** @param {Element} element */
  const handlers = (element) =>
    element.getAttributeNames().filter((name) => name.startsWith(prefix + "h-"));

  /** @param {Field} field */
  const isBox = (field) => /^(checkbox|radio)$/.test(field.type);

  /**
   * What stays the same when an answer, or a reload, replaces an element.
   * @param {Field} element @param {RegExp} part the part of references that counts
   */
  const describe = (element, part) => {
    const { localName, type, name, form } = element;
    // Not element.id: in a form that is the input with the name "id", if there is one.
    const own = element.getAttribute("id") ?? [
      form?.getAttribute("id"),
      name,
      get(element, "key"),
      ...(name && part === LOCATION ? [] : handlers(element)).map((attribute) =>
        element.getAttribute(attribute).match(part),
      ),
    ];
    return String([localName, type, isBox(element) && element.value, own]);
  };

  /** Elements by their descriptions; equal ones are numbered. @param {ParentNode} root */
  const describeAll = (root) => {
    /** @type {Map<string, Field>} */
    const found = new Map();
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const element of [root, ...root.querySelectorAll("*")]) {
      if (!(element instanceof Element)) continue;
      const name = describe(element, LOCATION);
      const number = (counts.get(name) ?? 0) + 1;
      counts.set(name, number);
      found.set(name + number, element);
    }
    return found;
  };

  /**
   * Dispatches on an element, or on the document if it is gone; false if prevented.
   * @param {Element | null | undefined} element @param {string} name
   * @param {unknown} detail
   */
  const raise = (element, name, detail) =>
    (element?.isConnected ? element : document).dispatchEvent(
      new CustomEvent(`handlerid:${name}`, {
        detail,
        bubbles: true,
        cancelable: true,
        composed: true,
      }),
    );

  let said = "";

  /** Writes what the user has to know. @param {string} text */
  const say = (text) => {
    let notice = document.querySelector("[data-handlerid-notice]");
    if (!notice) {
      const created = document.body.appendChild(document.createElement("div"));
      created.setAttribute("data-handlerid-notice", "");
      created.setAttribute("role", "status");
      created.style.cssText =
        "position:fixed;inset:auto 0 0;z-index:9999;background:#222;color:#fff;line-height:3;text-align:center";
      notice = created;
    }
    if (text !== said) notice.textContent = said = text;
  };

  // Events: which ones, and their fields.

  /** @type {Reader} */
  const pointer = (event, element, target) => {
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
  };

  /** @type {Reader} */
  const value = (event, element, target) =>
    typeof target.value === "string" && !target.matches(BUTTON)
      ? { value: target.value }
      : undefined;

  /** @param {string} type @param {(field: Field) => Fields} read @returns {Reader} */
  const only = (type, read) => (event, element, target) =>
    target.type === type || target.localName === type ? read(target) : undefined;

  /** @param {Record<string, unknown>} fields @param {Iterable<File>} files */
  const withFiles = (fields, files) => {
    const data = new FormData();
    for (const name in fields) data.append(name, String(fields[name]));
    for (const file of files) data.append("files", file);
    return data;
  };

  /** Whether a key was pressed, and not for an input method. @param {KeyboardEvent} event */
  const isKey = (event) => event.key && !event.isComposing && event.keyCode !== 229;

  /** @param {KeyboardEvent} event @param {Element} element */
  const isListed = (event, element) =>
    get(element, "keys")
      ?.split(/\s+/)
      .includes(event.key === " " ? "Space" : event.key);

  /** @param {KeyboardEvent | MouseEvent} event */
  const modifiers = (event) => ({
    shift: event.shiftKey,
    ctrl: event.ctrlKey,
    alt: event.altKey,
    meta: event.metaKey,
  });

  /** The browser does not send a form that has no handler. @param {Event} event @param {Field} field */
  const keepForm = (event, field) => {
    if (field.form && get(field.form, "h-submit") === null) event.preventDefault();
  };

  /** @type {Element | null | undefined} the field that the browser clicks for its label */
  let labelled;
  /** @type {Set<Element>} the elements that had the click on the label */
  const clicked = new Set();

  /** @type {Reader} */
  const click = (event, element, target) => {
    const held = Object.values(modifiers(event)).includes(true) || event.button;
    if (held && target.closest(LINK)) return null;
    const field = target.closest("label")?.control;
    if (target === labelled) {
      if (clicked.has(element)) return null;
    } else if (field && field !== target) {
      labelled = field;
      clicked.add(element);
      setTimeout(() => {
        labelled = null;
        clicked.clear();
      });
    }
    const control = /** @type {Field} */ (element.closest(`${LINK},${BUTTON}`));
    if (control?.matches(LINK)) event.preventDefault();
    else if (/submit|image/.test(control?.type)) keepForm(event, control);
    return pointer(event, element, target);
  };

  /** @type {Reader} */
  const submit = (event, element, form) => {
    event.preventDefault();
    const data = new FormData(form, event.submitter);
    // What the form has for browsers without JavaScript.
    for (const name of ["_handler", "_key", "_wire"]) data.delete(name);
    const pairs = [...data];
    if (
      form.getAttribute("enctype") === "multipart/form-data" ||
      pairs.some(([, content]) => content instanceof File && content.name)
    )
      return data;
    const fields = Object.create(null); // an input may be called __proto__
    for (const [name, content] of pairs)
      if (typeof content === "string") (fields[name] ??= []).push(content);
    return { fields };
  };

  /** @type {Reader} */
  const drop = (event, element, target) => {
    event.preventDefault();
    const { files, types } = event.dataTransfer;
    /** @param {string} type */
    const content = (type) => event.dataTransfer.getData(type);
    const fields = { ...pointer(event, element, target), source_key: content(DRAGGED) };
    if (files.length) return withFiles(fields, files);
    const texts = [...types].filter((type) => type.includes("/") && type !== DRAGGED);
    return { ...fields, data: Object.fromEntries(texts.map((type) => [type, content(type)])) };
  };

  /** @type {Reader} */
  const allowDrop = (event) => {
    event.preventDefault();
    return null;
  };

  /** @type {Reader} */
  const focus = (event, element) =>
    element.contains(event.relatedTarget) ? undefined : {};

  /** @type {WeakMap<Element, unknown>} positions, sizes and states that are no news */
  const known = new WeakMap();

  /** Whether it differs from what was known. @param {Element} element @param {unknown} state */
  const isNews = (element, state) => {
    const last = known.get(element);
    known.set(element, state);
    return last !== state;
  };

  /** @type {Reader} */
  const scroll = (event, element, target) => {
    const page = element === document.body && document.scrollingElement;
    const box = page || element;
    if (target !== element || !isNews(box, `${box.scrollLeft} ${box.scrollTop}`)) return;
    return {
      scroll_left: box.scrollLeft,
      scroll_top: box.scrollTop,
      scroll_width: box.scrollWidth,
      scroll_height: box.scrollHeight,
      client_width: box.clientWidth,
      client_height: box.clientHeight,
    };
  };

  /** Readers by the type of the DOM event and the wire name. @type {Record<string, Record<string, Reader>>} */
  const readers = {
    click: { click },
    contextmenu: {
      right_click: (event, element, target) => {
        event.preventDefault();
        return pointer(event, element, target);
      },
    },
    dragenter: { drop: allowDrop },
    dragover: { drop: allowDrop },
    drop: { drop },
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
      input_enter: (event, element, target) => {
        if (event.key !== "Enter" || !isKey(event) || event.repeat) return;
        if (target.localName === "input") keepForm(event, target);
        return value(event, element, target);
      },
      textarea_shortcut: (event, element, target) => {
        const { key } = event;
        const held =
          (event.ctrlKey || event.altKey || event.metaKey) &&
          !event.getModifierState("AltGraph") && // it writes signs
          !/^(Control|Alt|Meta|Shift)/.test(key);
        return target.localName === "textarea" &&
          isKey(event) &&
          (held || isListed(event, element))
          ? { value: target.value, shortcut: { key, ...modifiers(event) } }
          : undefined;
      },
      key_down: (event, element) => {
        const { key: pressed, code, repeat } = event;
        return isKey(event) && (isListed(event, element) ?? true)
          ? { pressed, code, ...modifiers(event), repeat }
          : undefined;
      },
    },
    submit: { submit },
    // A details that is open from the beginning raises it, too.
    toggle: {
      expansion_panel_toggle: (event, element, { open }) =>
        event.target === element && isNews(element, open) ? { opened: open } : undefined,
    },
    scroll: { scroll },
  };

  let showing = false; // an answer: what the browser raises then is not the user's

  /** @param {Event} event @param {Record<string, Reader>} reading */
  const hear = (event, reading) => {
    if (showing && event.isTrusted) return;
    const path = event.target === document ? [document.body] : event.composedPath();
    for (const name in reading)
      for (const element of path) {
        if (!(element instanceof Element) || !get(element, `h-${name}`)) continue;
        const fields = reading[name](event, element, path[0]);
        if (fields === undefined) continue;
        if (fields) occur(element, name, fields);
        if (get(element, "bubble") === null) break;
      }
  };

  /** @type {Set<string>} elements with data-double="ignore" that were just clicked */
  const doubled = new Set();

  /** @param {Element} element @param {string} name @param {Fields} fields */
  const occur = (element, name, fields) => {
    const handler = get(element, `h-${name}`);
    if (!handler) return;
    const key = get(element, "key") ?? "";
    const id = describe(element, ID);
    if (/^(click|submit)$/.test(name) && get(element, "double") === "ignore") {
      if (doubled.has(id)) return;
      doubled.add(id);
      setTimeout(() => doubled.delete(id), 500);
    }
    let payload = fields;
    if (fields instanceof FormData) {
      fields.set("_handler", handler);
      fields.set("_key", key);
    } else payload = { key, ...fields, handler };
    const passive = isPassive.test(name);
    pace({ element, id, name, payload, at: ++count, passive });
  };

  // Sending.

  /** @type {Map<string, {timer: number, job?: Job}>} events held by debounce or throttle */
  const waiting = new Map();

  /** @param {string} slot @param {number} wait @param {Job} [job] */
  const hold = (slot, wait, job) =>
    waiting.set(slot, { timer: setTimeout(letGo, wait, slot), job });

  /** @param {string} slot */
  const letGo = (slot) => {
    const { timer, job } = waiting.get(slot) ?? {};
    clearTimeout(timer);
    waiting.delete(slot);
    if (!job) return;
    const throttle = Number(get(job.element, "throttle"));
    if (throttle) hold(slot, throttle);
    enqueue({ ...job, passive: true });
  };

  /** @param {Job} job */
  const pace = (job) => {
    const slot = job.id + job.name;
    const last = waiting.get(slot);
    const [debounce, throttle] = ["debounce", "throttle"].map((name) =>
      isFinal.test(job.name) ? 0 : Number(get(job.element, name)),
    );
    if (debounce) {
      clearTimeout(last?.timer);
      hold(slot, debounce, job);
    } else if (throttle && last) last.job = job;
    else {
      if (throttle) hold(slot, throttle);
      enqueue(job);
    }
  };

  /** @type {Job[]} in their order, until they are answered */
  const jobs = [];
  /** @type {Set<Element>} */
  const busy = new Set();

  /** @param {Element} element */
  const markBusy = (element) => {
    busy.add(element);
    element.setAttribute("aria-busy", "true");
  };

  /** @param {Job} job */
  const enqueue = (job) => {
    const { element, id, name } = job;
    if (!isPassing.test(name)) for (const slot of [...waiting.keys()]) letGo(slot);
    const same = jobs.filter((other) => other.id === id && other.name === name);
    const policy =
      get(element, "busy") ??
      (serial ? "queue" : /^(click|submit)$/.test(name) ? "drop" : "queue");
    if (policy === "drop" && same.length) return;
    const next = policy === "latest" && same.find(({ sent }) => !sent);
    if (next) {
      Object.assign(next, job);
      return;
    }
    if (!job.passive) say("");
    const acts = !isPassing.test(name) && !isValue.test(name);
    const before = jobs.map((other) =>
      serial || other.id === id ? other.done : acts && isValue.test(other.name) && other.reached,
    );
    jobs.push(job);
    markBusy(element);
    job.reached = new Promise((resolve) => (job.reach = resolve));
    job.done = run(job, before);
  };

  /** @param {Job} job @param {unknown[]} before what has to be done first */
  const run = async (job, before) => {
    await Promise.all(before);
    try {
      await send(job);
    } catch (error) {
      console.error(error);
      fail(job, 0);
    }
    job.reach?.();
    jobs.splice(jobs.indexOf(job), 1);
    for (const element of busy)
      if (!jobs.some(({ id }) => id === describe(element, ID))) {
        element.removeAttribute("aria-busy");
        busy.delete(element);
      }
  };

  /** @param {Job} job @param {number} status */
  const fail = (job, status) => {
    if (raise(job.element, "failed", { status })) say("No answer arrived. Try again.");
  };

  /** @param {Job} job @returns {Promise<void>} */
  const send = async (job) => {
    /** @type {Record<string, string>} */
    const headers = { "Handlerid-Wire": "1" };
    if (release) headers["Handlerid-Release"] = release;
    const detail = { payload: job.payload, headers };
    if (!raise(job.element, "send", detail)) return;
    /** @type {any} */
    let body = detail.payload;
    if (!(body instanceof FormData)) {
      headers["Content-Type"] = "application/json";
      body = JSON.stringify(body);
    }
    job.sent = ++count;
    const response = await fetch(url, { method: "POST", headers, body });
    job.reach?.();
    const server = response.headers.get("Handlerid-Release");
    const other = (release && server !== release && server) || "";
    if (other) raise(job.element, "newer", { release: other });
    const media = response.headers.get("Content-Type") ?? "";
    const [kind] = media.toLowerCase().replace(/.*\//, "").split(/[; ]/);
    if (media.startsWith("application/problem+json"))
      return refuse(job, await response.json(), other);
    if (!response.ok) return fail(job, response.status);
    if (response.redirected) return location.assign(response.url);
    if (kind !== "event-stream") return answer(job, kind, await response.text());
    for await (const [name, data] of steps(response.body)) {
      if (name === "end") return;
      if (name === "refused") return refuse(job, JSON.parse(data), other);
      job.again = true; // it ran
      answer(job, name, data);
    }
    throw new Error("the stream has no end");
  };

  /** Server-sent events, as pairs of name and data. @param {any} body */
  const steps = async function* (body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    let name = "";
    /** @type {string[]} */
    let data = [];
    try {
      for (;;) {
        const { value: chunk, done } = await reader.read();
        // A CR at the end may be half of a CR LF.
        text += done ? text && "\n" : chunk;
        const lines = text.split(/\r\n|\n|\r(?!$)/);
        text = lines.pop() ?? "";
        for (const line of lines) {
          const [, field, content] = /^([^:]*):? ?(.*)/s.exec(line) ?? [];
          if (field === "event") name = content;
          if (field === "data") data.push(content);
          if (line) continue;
          if (data.length) yield [name, data.join("\n")];
          name = "";
          data = [];
        }
        if (done) return;
      }
    } finally {
      reader.cancel();
    }
  };

  /** @param {Job} job @param {string} type @param {string} text */
  const answer = (job, type, text) => {
    if (type === "html") show(job, text);
    raise(job.element, "answer", { type, data: type === "json" ? JSON.parse(text) : text });
  };

  // A refusal ran nothing.

  /** @param {Job} job @param {any} refusal @param {string} other release of the server */
  const refuse = async (job, refusal, other) => {
    if (refusal.reload === true) {
      if (other && !job.again) {
        job.again = true;
        await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 100));
        return send(job);
      }
      if (!job.passive && reload(job, other, refusal)) return;
    }
    if (raise(job.element, "refused", refusal)) say(refusal.title);
  };

  /** @param {Job} job @param {string} other @param {unknown} refusal */
  const reload = (job, other, refusal) => {
    try {
      const time = Date.now();
      /** @type {[number, string][]} */
      const log = JSON.parse(sessionStorage.getItem(RELOADS) ?? "[]");
      const recent = log.filter(([then]) => time - then < 60_000);
      if (recent.length > 1 || log.some(([, one]) => other && one === other)) return false;
      if (!raise(null, "reload", refusal)) return false;
      sessionStorage.setItem(RELOADS, JSON.stringify([...log.slice(-9), [time, other]]));
      const { name, element } = job;
      const lost = [name, get(element, `h-${name}`)?.match(LOCATION)?.[0], get(element, "key")];
      const { pathname: path } = location;
      const kept = { time, audience, path, fields: typed(), lost };
      sessionStorage.setItem(KEPT, JSON.stringify(kept));
    } catch {
      return false;
    }
    location.reload();
    return true;
  };

  /** @param {Field} field */
  const isKept = (field) =>
    field.matches(FIELDS) &&
    !/^(password|file|hidden)$/.test(field.type) &&
    !/(^| )(off|one-time-code|cc-|\S*password)/i.test(
      field.getAttribute("autocomplete") ?? field.form?.getAttribute("autocomplete"),
    );

  const typed = () => {
    let room = 32_768;
    const fields = [];
    for (const [label, field] of describeAll(document)) {
      const name = field.name || field.id;
      if (!name || !isKept(field)) continue;
      const entry = [label, name, stateOf(field, true), stateOf(field)];
      const size = JSON.stringify(entry).length;
      if (isSame(entry[2], entry[3]) || size > room) continue;
      room -= size;
      fields.push(entry);
    }
    return fields;
  };

  const restore = () => {
    let kept;
    try {
      kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
      sessionStorage.removeItem(KEPT);
    } catch {
      return;
    }
    if (!(Date.now() - kept.time < 300_000)) return;
    if (kept.audience === audience && kept.path === location.pathname) {
      const fields = describeAll(document);
      let whole = true;
      for (const [label, name, initial, state] of kept.fields) {
        const field = fields.get(label);
        if (field && isSame(stateOf(field, true), initial)) setState(field, state);
        if (field && isSame(stateOf(field), state)) continue;
        whole = false;
        raise(field, "conflict", { name, value: state });
      }
      const [event, place, key] = kept.lost;
      const [element, second] = [
        ...document.querySelectorAll(`[${prefix}h-${event}]`),
      ].filter(
        (one) => get(one, `h-${event}`)?.includes(place) && get(one, "key") === key,
      );
      if (element instanceof HTMLElement && !second) {
        element.focus();
        if (document.activeElement !== element) {
          element.tabIndex = -1;
          element.focus();
        }
        if (whole && get(element, "stale") === "resend") {
          if (element instanceof HTMLFormElement) element.requestSubmit();
          else element.click();
        }
      }
    }
    say("This page was updated.");
  };

  // What a field holds.

  /** @param {Field} field @param {boolean} [initial] @returns {any} */
  const stateOf = (field, initial) => {
    if (isBox(field)) return initial ? field.defaultChecked : field.checked;
    if (field.type === "file") return field.files;
    if (field.localName !== "select") return initial ? field.defaultValue : field.value;
    const options = [...field.options].filter((option) =>
      initial ? option.defaultSelected : option.selected,
    );
    if (initial && !options[0] && !field.multiple) options.push(...[...field.options].slice(0, 1));
    return options.map((option) => option.value);
  };

  /** @param {Field} field @param {any} state */
  const setState = (field, state) => {
    if (isSame(stateOf(field), state)) return;
    if (isBox(field)) field.checked = state;
    else if (field.type === "file") field.files = state;
    else if (field.localName !== "select") field.value = state;
    else for (const option of field.options) option.selected = state.includes(option.value);
  };

  /** @param {unknown} one @param {unknown} other */
  const isSame = (one, other) => String(one) === String(other);

  // HTML.

  /** @type {any} */
  let policy;
  /** @type {WeakMap<Node, number>} the request that an element was shown for */
  const shown = new WeakMap();

  /** @param {Job} job @param {string} html */
  const show = (job, html) => {
    policy ??= /** @type {any} */ (window).trustedTypes?.createPolicy("handlerid", {
      createHTML: String,
    });
    const template = document.createElement("template");
    template.innerHTML = policy ? policy.createHTML(html) : html;
    const { sent = 0 } = job;
    for (const fresh of template.content.querySelectorAll("[id]")) {
      if (fresh.parentElement?.closest("[id]")) continue;
      const { id } = fresh;
      const old = document.getElementById(id);
      if (!old) {
        raise(job.element, "missing", { id });
        continue;
      }
      const family = [...old.querySelectorAll("[id]")];
      for (let node = /** @type {Field} */ (old); node; node = node.parentElement)
        family.push(node);
      if (family.some((node) => (shown.get(node) ?? 0) > sent)) continue;
      showing = true;
      const now = replace(old, fresh, job);
      showing = false;
      shown.set(now, sent);
      adopt(now);
    }
  };

  /** @param {Field} field @param {Job} job */
  const keepsState = (field, job) => {
    if ((changed.get(field) ?? 0) >= job.at) return true;
    if (field !== document.activeElement) return false;
    // The field was sent: the answer may empty it.
    if (/^(input_enter|submit)$/.test(job.name))
      for (let node = field; node; node = node.parentElement)
        if (describe(node, ID) === job.id) return false;
    return true;
  };

  /** @param {Element} node @param {Element} from */
  const copyAttributes = (node, from) => {
    for (const { name } of [...node.attributes])
      if (!from.hasAttribute(name) && !/^(aria-busy|open)$/.test(name))
        node.removeAttribute(name);
    for (const { name, value } of from.attributes)
      if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  };

  /** The names of the elements from one up to another. @param {any} node @param {Element} root @returns {string} */
  const path = (node, root) =>
    node.localName + (node === root ? "" : path(node.parentElement, root));

  /**
   * Makes an element like a fresh one; what has the focus stays in the document.
   * @param {any} old @param {Element} fresh @param {Element} active @param {Element} twin
   */
  const graft = (old, fresh, active, twin) => {
    copyAttributes(old, fresh);
    if (old === active) {
      if (!old.isContentEditable) old.replaceChildren(...fresh.childNodes);
      return;
    }
    const inner = [...old.children].find((child) => child.contains(active));
    for (const node of [...old.childNodes]) if (node !== inner) node.remove();
    let after = false;
    for (const node of [...fresh.childNodes])
      if (node.contains(twin)) {
        after = true;
        graft(inner, /** @type {Element} */ (node), active, twin);
      } else if (after) old.append(node);
      else inner.before(node);
  };

  /** @param {Element} old @param {Element} fresh @param {Job} job */
  const replace = (old, fresh, job) => {
    const twins = describeAll(fresh);
    const active = document.activeElement;
    /** @type {Field} */
    let twin;
    /** @type {[Field, Field, any, number, number][]} */
    const states = [];
    for (const [label, element] of describeAll(old)) {
      const other = twins.get(label);
      if (!other) continue;
      if (element === active) twin = other;
      const keeps = element.matches(FIELDS) && keepsState(element, job);
      const state = element.matches(FIELDS) && stateOf(keeps ? element : other);
      states.push([element, other, state, element.scrollLeft, element.scrollTop]);
    }
    const stays = active && twin && path(active, old) === path(twin, fresh);
    if (stays) graft(old, fresh, active, twin);
    else old.replaceWith(fresh);
    for (const [element, other, state, left, top] of states) {
      const now = stays && element === active ? element : other;
      if (now.matches(FIELDS)) setState(now, state);
      if (left || top) {
        now.scrollTo({ left, top, behavior: "instant" });
        isNews(now, `${now.scrollLeft} ${now.scrollTop}`);
      }
      const at = changed.get(element);
      if (at) changed.set(now, at);
    }
    if (twin && !stays) twin.focus({ preventScroll: true });
    return stays ? old : fresh;
  };

  // The start.

  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const { width, height } = target.getBoundingClientRect();
      const first = !known.has(target);
      if (isNews(target, `${width} ${height}`) && !first && target.isConnected)
        occur(target, "resize", { width, height });
    }
  });
  const loaded = new Set();
  // The client's own events are never sent.
  const heard = new Set(
    "send answer refused failed newer missing conflict reload".split(" "),
  );

  /** Looks for handlers in a new part of the page. @param {Element} root */
  const adopt = (root) => {
    for (const element of [root, ...root.querySelectorAll("*")])
      for (const attribute of handlers(element)) {
        const name = attribute.slice(prefix.length + 2);
        const id = describe(element, ID);
        if (jobs.some((job) => job.id === id)) markBusy(element);
        if (name === "expansion_panel_toggle")
          isNews(element, /** @type {Field} */ (element).open);
        if (name === "resize" && element !== document.body) sizes.observe(element);
        if (name === "load" && !loaded.has(id)) {
          loaded.add(id);
          occur(element, name, { path: location.pathname });
        }
        if (heard.has(name)) continue;
        heard.add(name);
        document.addEventListener(
          `handlerid:${name}`,
          (event) => hear(event, { [name]: ({ detail }) => ({ ...detail }) }),
          true,
        );
      }
  };

  let started = false;
  const begin = () => {
    if (started) return;
    if (/** @type {any} */ (document).prerendering) {
      document.addEventListener("prerenderingchange", begin, { once: true });
      return;
    }
    started = true;
    say("");
    adopt(document.documentElement);
    restore();
    new MutationObserver((records) => {
      for (const { addedNodes } of records)
        for (const node of addedNodes) if (node instanceof Element) adopt(node);
    }).observe(document, { childList: true, subtree: true });
  };

  for (const type in readers)
    document.addEventListener(type, (event) => hear(event, readers[type]), true);
  document.addEventListener(
    "input",
    (event) => changed.set(/** @type {Element} */ (event.composedPath()[0]), count),
    true,
  );
  document.addEventListener("dragstart", ({ target, dataTransfer }) => {
    const source = target instanceof Element && target.closest(`[${prefix}key]`);
    if (source) dataTransfer?.setData(DRAGGED, get(source, "key") ?? "");
  });
  addEventListener("resize", () =>
    occur(document.body, "resize", { width: innerWidth, height: innerHeight }),
  );
  // The page's own code listens by then.
  for (const type of ["DOMContentLoaded", "load"]) addEventListener(type, begin);
  if (document.readyState === "complete") begin();
})();
