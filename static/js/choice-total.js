// <form data-total-of="nights">: the pay bar repeats the price text of the chosen option and how it is paid, and
// only its price lines are shown. No sums here; the server priced every option, and without this script the bar
// shows no total and all lines stand below one another.
function show(form) {
  const bar = form.querySelector("[data-total]");
  const output = bar?.querySelector("output");
  if (!output) return;
  const chosen = form.querySelector(`[name="${form.dataset.totalOf}"]:checked`);
  const says = bar.querySelector("[data-how]");
  bar.hidden = !chosen;
  output.textContent = chosen?.dataset.price ?? "";
  if (says && chosen?.dataset.says) says.textContent = chosen.dataset.says;
  for (const lines of form.querySelectorAll("[data-lines-of]")) {
    lines.hidden = Boolean(chosen) && lines.dataset.linesOf !== chosen.id;
  }
}

const showAll = () => document.querySelectorAll("form[data-total-of]").forEach(show);
document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-total-of]");
  if (form) show(form);
});
addEventListener("pageshow", showAll); // the back button restores the choice after load
document.addEventListener("htmx:afterSettle", showAll);
showAll();
