// The search over a page: Ctrl-K, ⌘K or "/" opens it. A combobox with a list (WAI-ARIA APG): the focus stays in the
// field, arrow keys choose, Enter opens, Escape closes, and the focus goes back to where it was.
const SLASH = "slash-opens-search"; // in localStorage: "no" where it shouldn't (WCAG 2.1.4)
const palette = document.getElementById("palette");
const field = palette.querySelector("input");
const list = document.getElementById("palette-list");
const said = document.getElementById("palette-said");

const remembered = () => { try { return localStorage.getItem(SLASH); } catch { return null; } };
const options = () => [...list.querySelectorAll("[role=option]")];
const chosen = () => list.querySelector("[aria-selected=true]");
const isAnswered = () => list.firstElementChild?.dataset.for === field.value.trim();

function choose(option) {
  chosen()?.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) field.setAttribute("aria-activedescendant", option.id);
  else field.removeAttribute("aria-activedescendant");
}

function open() {
  if (!palette.open && document.querySelector("dialog:modal")) return;
  if (!palette.open) palette.showModal();
  field.focus();
  field.select();
  field.dispatchEvent(new Event("open"));
}

function move(step) {
  const every = options(), at = every.indexOf(chosen());
  choose(every[(at + step + every.length + (at < 0 && step < 0 ? 1 : 0)) % every.length]);
}

document.addEventListener("keydown", (event) => {
  const isCtrlK = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
  const isSlash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && remembered() !== "no"
    && !event.target.closest("input, textarea, select, [contenteditable]");
  if (!isCtrlK && !isSlash) return;
  event.preventDefault();
  open();
});

document.querySelector("[data-palette]").addEventListener("click", (event) => {
  event.preventDefault();
  open();
});

field.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    move(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter" && chosen() && isAnswered()) {
    event.preventDefault(); // before the answer is there, the form leads to the page with it
    chosen().dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, ctrlKey: event.ctrlKey, metaKey: event.metaKey }));
  }
});

// Whoever is logged out by now is sent to log in, as from everywhere.
palette.addEventListener("htmx:beforeSwap", (event) => {
  if (new URL(event.detail.xhr.responseURL).pathname === new URL(palette.querySelector("form").action).pathname) return;
  event.detail.shouldSwap = false;
  location.assign(`${palette.querySelector("form").action}?q=${encodeURIComponent(field.value)}`);
});
list.addEventListener("htmx:afterSwap", () => {
  const first = options()[0];
  field.setAttribute("aria-expanded", String(Boolean(first)));
  list.scrollTop = 0;
  choose(field.value.trim() ? first : null);
});
for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  field.addEventListener(failure, (event) => {
    event.stopPropagation(); // a toast would be behind the dialog
    said.textContent = said.dataset.failed;
  });
}

addEventListener("pagehide", () => palette.close());

if (/Mac|iP(hone|ad)/.test(navigator.platform)) document.querySelectorAll(".find kbd").forEach((key) => { key.textContent = "⌘K"; });
const slash = document.querySelector("[data-slash]");
if (slash) {
  slash.checked = remembered() !== "no";
  slash.addEventListener("change", () => {
    if (slash.checked) localStorage.removeItem(SLASH);
    else localStorage.setItem(SLASH, "no");
  });
}
