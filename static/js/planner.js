// The board of all homes: one tab stop, arrow keys between homes and bars, a panel for the chosen night, and closing free
// nights.

const columnOf = (element, letter) => Number([...element.classList].find((name) => new RegExp(`^${letter}\\d+$`).test(name))?.slice(1) ?? 0);
const iso = (day) => day.toISOString().slice(0, 10);
const isElsewhere = (event) => event.ctrlKey || event.metaKey || event.shiftKey; // in a tab or window of its own

const STOP = ".row-of a", BAR = ".bar, .gap", NAME = ".who > a"; // a stop is a bar, or the name or trouble of a home
const ROW = '<div class="row-of"', ROWS_AT_ONCE = 8, HOMES_AT_ONCE = 25;
const whenIdle = (work) => (window.requestIdleCallback ? requestIdleCallback(work, { timeout: 200 }) : setTimeout(work, 20));

// The rows below the first screens come as text, which costs a browser nothing, and are unpacked while it has time; all
// at once when somebody walks over the board by key, or prints it.
class Rest {
  constructor(board, stop) {
    this.stop = stop;
    this.packed = board.querySelector("noscript.rest");
    this.rows = this.packed ? this.packed.textContent.split(ROW).slice(1).map((row) => ROW + row) : [];
    this.done = new Promise((done) => { this.tell = done; });
    board.addEventListener("keydown", () => this.unpack(this.rows.length), { capture: true, once: true });
    window.addEventListener("beforeprint", () => this.unpack(this.rows.length));
    this.goOn();
  }
  unpack(count) {
    const rows = this.rows.splice(0, count).join("").replaceAll("<a ", '<a tabindex="-1" ');
    if (rows) this.packed.insertAdjacentHTML("beforebegin", rows);
    this.stop.renew();
    if (!this.rows.length) this.tell();
  }
  goOn() {
    whenIdle(() => {
      this.unpack(ROWS_AT_ONCE);
      if (this.rows.length) this.goOn();
    });
  }
}

// What is on sale comes when the rows are there: it takes longer to reckon than they do.
async function onSale(board, rest, stop) {
  await rest.done;
  for (const box of board.querySelectorAll(".gaps-to-come:not([data-asked])")) {
    box.dataset.asked = "";
    const answer = await fetch(box.dataset.from, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!answer?.ok) {
      const link = box.querySelector("noscript");
      box.innerHTML = link.firstElementChild ? link.innerHTML : link.textContent;
      continue;
    }
    const parts = [...new DOMParser().parseFromString(await answer.text(), "text/html").querySelectorAll(".gaps")];
    const fill = () => {
      for (const part of parts.splice(0, HOMES_AT_ONCE)) document.getElementById(part.dataset.of)?.replaceChildren(...part.childNodes);
      stop.renew();
      if (parts.length) whenIdle(fill);
      else box.remove();
    };
    fill();
  }
}

// One tab stop among thousands: only what changes is touched.
class Roving {
  constructor(board) {
    this.board = board;
    this.here = null;
  }
  renew() {
    for (const stop of this.board.querySelectorAll(`${STOP}:not([tabindex])`)) stop.tabIndex = -1;
    if (!this.here?.isConnected) this.mark(this.board.querySelector(STOP));
  }
  mark(stop) {
    if (this.here) this.here.tabIndex = -1;
    this.here = stop;
    if (stop) stop.tabIndex = 0;
  }
}

// In the order of their days; what has none, the home's name and its trouble, comes first.
function sorted(row, kind) {
  return [...row.querySelectorAll(kind)].sort((a, b) => columnOf(a, "s") - columnOf(b, "s"));
}

function nearest(row, kind, column) {
  return sorted(row, kind).reduce((best, one) => (Math.abs(columnOf(one, "s") - column) < Math.abs(columnOf(best, "s") - column) ? one : best));
}

// Up and down lead from a name to names, and from a bar to bars, past homes that have none.
function away(board, here, lines) {
  const kind = here.matches(NAME) ? NAME : BAR;
  const rows = [...board.querySelectorAll(".row-of")].filter((row) => row.querySelector(kind));
  const line = rows.indexOf(here.closest(".row-of")) + lines;
  return nearest(rows[Math.min(Math.max(line, 0), rows.length - 1)], kind, columnOf(here, "s"));
}

function next(board, here, key) {
  const inRow = sorted(here.closest(".row-of"), "a"), at = inRow.indexOf(here);
  const lines = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[key];
  if (key === "ArrowRight") return inRow[at + 1] ?? here;
  if (key === "ArrowLeft") return inRow[at - 1] ?? here;
  if (key === "Home") return inRow[0];
  if (key === "End") return inRow.at(-1);
  return lines ? away(board, here, lines) : null;
}

function roving(board) {
  const stop = new Roving(board);
  board.removeAttribute("tabindex"); // where no script moves the focus it is what arrow keys scroll
  stop.renew();
  board.addEventListener("focusin", (event) => event.target.matches(STOP) && stop.mark(event.target));
  board.addEventListener("keydown", (event) => {
    const here = event.target.closest(STOP);
    const there = here && next(board, here, event.key);
    if (!there) return;
    event.preventDefault();
    there.focus();
  });
  document.addEventListener("htmx:afterSettle", () => stop.renew());
  return stop;
}

// The panel beside the board is the month's own: why is this night closed? Who asks by key goes on in it, since it comes
// after the whole board, and returns to the bar.
function panels(board, place, stop, ask) {
  board.addEventListener("click", async (event) => {
    const link = event.target.closest(BAR);
    if (!link || isElsewhere(event) || !window.htmx) return;
    event.preventDefault();
    if (ask.open) return;
    stop.mark(link);
    await window.htmx.ajax("GET", link.getAttribute("href"), { target: place, swap: "innerHTML" });
    link.scrollIntoView({ block: "nearest", inline: "nearest" }); // the panel leaves the board less room
    if (!event.detail && document.activeElement === link) enter(place.querySelector("h2"));
  });
  const enter = (heading) => {
    if (!heading) return;
    heading.tabIndex = -1;
    heading.focus();
  };
  const shut = () => {
    place.replaceChildren();
    stop.here?.focus();
  };
  place.addEventListener("click", (event) => {
    if (!event.target.closest("header > a.icon")) return;
    event.preventDefault();
    shut();
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && place.hasChildNodes() && shut());
}

// Two clicks, or drawing with the mouse, on free days of one home; a price is the link of such a day.
class Choosing {
  constructor(board, ask, first) {
    this.board = board; this.ask = ask; this.first = new Date(`${first}T00:00:00Z`);
    this.track = null; this.from = 0;
    board.addEventListener("pointerdown", (event) => this.down(event));
    board.addEventListener("pointermove", (event) => this.move(event));
    board.addEventListener("pointerup", (event) => this.up(event));
    board.addEventListener("dragstart", (event) => event.preventDefault());
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.forget());
  }
  over(event) {
    return event.target.closest(".track, .row-of .gap")?.closest(".row-of").querySelector(".track");
  }
  day(track, event) {
    const gap = event.target.closest(".gap"); // a night reaches from one day's column into the next
    if (gap) return Math.max(0, (columnOf(gap, "s") - 1) / 2);
    const box = track.getBoundingClientRect();
    return Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * 60));
  }
  down(event) {
    const track = this.over(event);
    if (!track || event.button || isElsewhere(event)) return;
    const day = this.day(track, event);
    this.begun = event.clientX;
    if (this.track === track) return;
    this.forget();
    this.track = track; this.from = day;
    this.draw(day);
  }
  move(event) {
    if (!this.track || event.pointerType !== "mouse") return;
    const track = this.over(event);
    if (track === this.track) this.draw(this.day(track, event));
  }
  up(event) {
    const track = this.over(event);
    if (!track || track !== this.track) return;
    const day = this.day(track, event), drawn = Math.abs(event.clientX - this.begun) > 8;
    if (day === this.from && !drawn && !this.waits) { this.waits = true; return; }
    this.open(Math.min(day, this.from), Math.max(day, this.from));
  }
  draw(day) {
    this.ghost?.remove();
    this.ghost = document.createElement("span");
    const low = Math.min(day, this.from), high = Math.max(day, this.from);
    this.ghost.className = `ghost s${low * 2 + 1} n${Math.min((high - low + 1) * 2, 119 - low * 2)}`;
    this.track.after(this.ghost);
  }
  open(low, high) {
    const { close, offer } = this.track.dataset, home = this.track.parentElement.ariaLabel, form = this.ask.querySelector("form");
    const at = (number) => iso(new Date(this.first.getTime() + number * 86400000));
    this.ask.querySelector("h2").textContent = home;
    form.action = close;
    form.elements.start.value = at(low);
    form.elements.end.value = at(high + 1);
    this.ask.querySelector("[data-offer-link]").href = offer;
    this.ask.showModal();
    this.ask.addEventListener("close", () => this.forget(), { once: true });
  }
  forget() {
    this.ghost?.remove();
    this.track = this.ghost = null;
    this.waits = false;
  }
}

const board = document.querySelector(".board");
if (board) {
  const stop = roving(board), rest = new Rest(board, stop);
  const ask = document.getElementById("planner-ask");
  panels(board, document.getElementById("why-place"), stop, ask);
  onSale(board, rest, stop);
  document.addEventListener("htmx:afterSettle", () => onSale(board, rest, stop));
  new Choosing(board, ask, document.getElementById("planner-from").defaultValue);
  ask.querySelector("[data-dismiss]").addEventListener("click", () => ask.close());
  // Where the agenda doesn't come, what waited for it goes; the link to its page stays.
  const agenda = document.getElementById("agenda-days");
  agenda.addEventListener("htmx:afterRequest", (event) => event.detail.failed && agenda.querySelector("[data-waits]")?.remove());
}
