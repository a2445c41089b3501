// <time datetime="…" data-relative="just now">: the server wrote the exact moment and the word for less than a minute,
// which stands in a sentence as Intl's own "now" doesn't; this keeps "4 min ago" fresh and leaves the exact text in the
// title.
const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto", style: "short" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];

function tell(time) {
  const seconds = (Date.parse(time.dateTime) - Date.now()) / 1000;
  if (Number.isNaN(seconds) || Math.abs(seconds) > 7 * 86400) return;
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? [];
  if (!time.title) time.title = time.textContent.trim();
  time.textContent = unit ? words.format(Math.trunc(seconds / size), unit) : time.dataset.relative;
}

function tellAll() {
  document.querySelectorAll("time[data-relative]").forEach(tell);
}

tellAll();
setInterval(tellAll, 30_000);
document.addEventListener("htmx:load", tellAll);
