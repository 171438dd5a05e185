// Between htmx and handlerid: an element with data-handler posts what the user did as
// a payload, and shows the newest page of the answer.

const ANSWER_END = "\x1e"; // ends every page of an answer, as in server.py
const RELOAD_AFTER = 1500; // milliseconds in which the notice can be read

// What the browser knows of an event, by its wire name.
const value = (event) => ({ value: event.target.value });
const fields = {
  click: (event, element) => ({
    is_target: event.target === element,
    client_x: event.clientX,
    client_y: event.clientY,
    page_x: event.pageX,
    page_y: event.pageY,
    offset_x: event.offsetX,
    offset_y: event.offsetY,
  }),
  input_blur: value,
  input_enter: value,
};

const newest = (answer) => answer.split(ANSWER_END).at(-2) ?? "";
const state = () => document.getElementById("state").value;

htmx.defineExtension("handlerid", {
  encodeParameters: (xhr, parameters) => parameters.get("payload"),
  transformResponse: newest,
});

document.addEventListener("htmx:configRequest", ({ detail }) => {
  const { handler, event, key } = detail.elt.dataset;
  const payload = { handler, key, ...fields[event](detail.triggeringEvent, detail.elt) };
  detail.parameters = { payload: JSON.stringify(payload) };
  detail.headers["Content-Type"] = "application/json";
  detail.headers["Page-State"] = state();
});

// The steps of a handler are shown as they arrive; htmx itself waits for the last.
document.addEventListener("htmx:beforeSend", ({ detail }) => {
  const { elt, target, xhr } = detail;
  let shown = "";
  xhr.addEventListener("progress", () => {
    const page = newest(xhr.responseText);
    if (xhr.status !== 200 || page === shown) return;
    shown = page;
    htmx.swap(
      target,
      page,
      { swapStyle: elt.getAttribute("hx-swap") ?? "innerHTML", settleDelay: 0, swapDelay: 0 },
      { select: elt.getAttribute("hx-select"), selectOOB: elt.getAttribute("hx-select-oob") },
    );
  });
});

document.addEventListener("htmx:afterRequest", ({ detail: { successful, xhr } }) => {
  const notice = document.getElementById("notice");
  notice.textContent = successful
    ? ""
    : xhr.responseText || "The answer did not arrive. Try again in a moment.";
  if (xhr.status === 409 || xhr.status === 410) {
    notice.textContent = "This page is out of date. It reloads itself.";
    document.querySelector("main").inert = true;
    const here = `/?${new URLSearchParams({ state: state() })}`;
    setTimeout(() => location.replace(here), RELOAD_AFTER);
  }
});

// A page that reloaded itself brought its state along; the address need not keep it.
if (location.search) history.replaceState(null, "", "/");
