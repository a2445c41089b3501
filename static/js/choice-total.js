// <form data-total-of="nights">: the pay bar repeats the price text of the chosen option. No sums here; the
// server priced every option, and without this script the bar shows no total at all.
for (const form of document.querySelectorAll("form[data-total-of]")) {
  const bar = form.querySelector("[data-total]");
  const output = bar?.querySelector("output");
  const show = () => {
    const chosen = form.querySelector(`[name="${form.dataset.totalOf}"]:checked`);
    if (!output) return;
    bar.hidden = !chosen;
    output.textContent = chosen?.dataset.price ?? "";
  };
  form.addEventListener("change", show);
  addEventListener("pageshow", show); // the back button restores the choice after load
  show();
}
