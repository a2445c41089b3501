// When a button is replaced by its own answer, focus goes on to [data-refocus] in the answer instead of getting lost.
document.addEventListener("htmx:afterSwap", (event) => {
  const { requestConfig, target } = event.detail;
  if (requestConfig?.verb !== "post" || document.activeElement !== document.body) return;
  document.getElementById(target?.id)?.querySelector("[data-refocus]")?.focus();
});
