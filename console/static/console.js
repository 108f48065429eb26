// What HTML alone cannot do: keys, going back, a filter of rows, copying, and telling that the console is gone.
"use strict";
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input,textarea,select,[contenteditable]");
  if (event.key === "Escape" && typing) { typing.blur(); return; }
  if (typing) return;
  if (event.key === "/") {
    const filter = document.querySelector("[data-filter]");
    if (filter) { event.preventDefault(); filter.focus(); }
  }
  const page = document.querySelector(`nav [data-key="${CSS.escape(event.key)}"]`);
  if (page) page.click();
});
document.addEventListener("click", (event) => {
  const back = event.target.closest("[data-back]");
  if (back && history.length > 1) { event.preventDefault(); history.back(); }
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const text = document.getElementById(copy.dataset.copy).textContent;
    navigator.clipboard.writeText(text).then(() => { copy.dataset.done = "copied"; copy.textContent = "Copied"; });
  }
});
function filterRows() {
  for (const filter of document.querySelectorAll("[data-filter]")) {
    const wanted = filter.value.toLowerCase();
    for (const row of document.querySelectorAll(`#${CSS.escape(filter.dataset.filter)} [data-row]`)) {
      row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
    }
  }
}
document.addEventListener("input", (event) => { if (event.target.matches("[data-filter]")) filterRows(); });
document.addEventListener("htmx:after:swap", filterRows);
for (const lost of ["htmx:error", "htmx:response:error"]) {
  document.addEventListener(lost, () => { document.getElementById("lost").hidden = false; });
}
document.addEventListener("htmx:after:request", (event) => {
  if (event.detail?.ctx?.response?.status < 400) document.getElementById("lost").hidden = true;
});
// Datasets: a view ticks all its columns, a button fills fields, the address keeps what is chosen.
function tickWholes() {
  for (const view of document.querySelectorAll("[data-view]")) {
    const all = view.querySelector("[data-all]");
    const boxes = [...view.querySelectorAll("input[name=column]")];
    const ticked = boxes.filter((box) => box.checked).length;
    if (all) { all.checked = boxes.length > 0 && ticked === boxes.length; all.indeterminate = ticked > 0 && !all.checked; }
  }
}
document.addEventListener("input", (event) => {
  const view = event.target.closest("[data-view]");
  if (view && event.target.matches("[data-all]")) {
    for (const box of view.querySelectorAll("input[name=column]")) box.checked = event.target.checked;
  }
  if (view) tickWholes();
}, true);
document.addEventListener("click", (event) => {
  const fill = event.target.closest("[data-fill]");
  if (!fill) return;
  for (const [name, text] of Object.entries(JSON.parse(fill.dataset.fill))) fill.form.elements[name].value = text;
  fill.form.dispatchEvent(new Event("input", { bubbles: true }));
});
document.addEventListener("htmx:after:swap", () => {
  const found = document.querySelector("[data-address]");
  if (found && found.dataset.address.length < 4000) history.replaceState(null, "", found.dataset.address);
});
tickWholes();
