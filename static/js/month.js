// The month, or a strip of nights: one tab stop for all of them instead of thirty; arrows move between them.

function roving(month) {
  const nights = [...month.querySelectorAll(".night")];
  if (!nights.length) return;
  const stop = (night) => nights.forEach((other) => (other.tabIndex = other === night ? 0 : -1));
  stop(month.querySelector(".is-chosen .night") ?? month.querySelector(".is-today .night") ?? nights[0]);
  month.addEventListener("focusin", (event) => nights.includes(event.target) && stop(event.target));
  month.addEventListener("keydown", (event) => {
    const here = event.target.closest(".night");
    if (!here) return;
    const next = step(month, nights, here, event.key);
    if (next === undefined) return;
    event.preventDefault();
    next?.focus();
  });
}

function step(month, nights, here, key) {
  const at = nights.indexOf(here);
  if (key === "ArrowRight") return nights[at + 1] ?? null;
  if (key === "ArrowLeft") return nights[at - 1] ?? null;
  if (key === "Home") return nights[0];
  if (key === "End") return nights.at(-1);
  if (key !== "ArrowDown" && key !== "ArrowUp") return undefined;
  const cell = here.closest("td");
  if (!cell) return above(nights, here, key === "ArrowDown" ? 1 : -1);
  let row = cell.parentElement;
  const along = key === "ArrowDown" ? "nextElementSibling" : "previousElementSibling";
  while ((row = row[along])) {
    const night = row.cells[cell.cellIndex]?.querySelector(".night");
    if (night) return night;
  }
  return null;
}

// In a strip the lines break where there is room: the night below, or above, begins at the same place.
function above(nights, here, way) {
  const place = (night) => Math.round(night.getBoundingClientRect().left);
  const column = nights.filter((night) => place(night) === place(here));
  return column[column.indexOf(here) + way] ?? null;
}

// htmx swaps only the answer; the mark of the chosen night moves along, and on a phone stays above the sheet.
function choose(month, night) {
  month.querySelector(".is-chosen")?.classList.remove("is-chosen");
  month.querySelector("[aria-current]")?.removeAttribute("aria-current");
  night.closest("td").classList.add("is-chosen");
  night.setAttribute("aria-current", "true");
  night.scrollIntoView({ block: "nearest" });
}

document.addEventListener("htmx:afterSwap", (event) => {
  const night = event.detail.requestConfig?.elt;
  const month = night?.matches?.(".night") && night.closest(".month");
  if (month) choose(month, night);
});

function start(root) {
  root.querySelectorAll(".month").forEach((month) => {
    if (month.dataset.started) return;
    month.dataset.started = "yes";
    roving(month);
  });
}

start(document);
document.addEventListener("htmx:load", () => start(document));
