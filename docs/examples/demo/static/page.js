// Beside handlerid's client: the state that travels in the page, and who rendered it.

const state = () => document.getElementById("state").value;

document.addEventListener("handlerid:send", ({ target, detail }) => {
  Object.assign(detail.headers, {
    "Page-State": state(),
    "Rendered-By": document.body.dataset.renderedBy,
    // Without one, the answer is the whole page: an answer has replaced the element.
    Section: target.closest?.("section").id ?? "",
  });
});

// A page that is loaded again brings its state along; the address need not keep it.
document.addEventListener("handlerid:reload", () => {
  history.replaceState(null, "", `/?${new URLSearchParams({ state: state() })}`);
});
if (location.search) history.replaceState(null, "", "/");
