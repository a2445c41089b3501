// <time datetime="…" data-relative>: the server wrote the exact moment; this keeps "4 min ago" fresh and
// leaves the exact text in the title.
const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto", style: "short" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

function tell(time) {
  const seconds = (Date.parse(time.dateTime) - Date.now()) / 1000;
  if (Number.isNaN(seconds) || Math.abs(seconds) > 7 * 86400) return;
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS[3];
  if (!time.title) time.title = time.textContent.trim();
  time.textContent = words.format(unit === "second" ? 0 : Math.trunc(seconds / size), unit);
}

function tellAll() {
  document.querySelectorAll("time[data-relative]").forEach(tell);
}

tellAll();
setInterval(tellAll, 30_000);
document.addEventListener("htmx:load", tellAll);
