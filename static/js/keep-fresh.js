// <… data-fresh hx-trigger="fresh">: asks for news every minute while somebody looks at the page, and when they come
// back to it. What was chosen stays chosen where it is still there, at whatever price it has now.
const EVERY = 60_000;
const AT_MOST_EVERY = 5_000;
let asked = Date.now();
let chosen = "";

function ask() {
  if (document.hidden || Date.now() - asked < AT_MOST_EVERY) return;
  asked = Date.now();
  for (const part of document.querySelectorAll("[data-fresh]")) part.dispatchEvent(new Event("fresh"));
}

setInterval(ask, EVERY);
document.addEventListener("visibilitychange", ask);
document.addEventListener("htmx:beforeSwap", () => {
  chosen = document.querySelector("[data-fresh] input[type=radio]:checked")?.id ?? "";
});
document.addEventListener("htmx:afterSwap", () => {
  const again = chosen && document.getElementById(chosen);
  if (again) again.checked = true;
});
