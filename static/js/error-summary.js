// A form that comes back with errors puts the reader at the summary, whose links lead to the fields.
function focusSummary(root) {
  root.querySelector(".error-summary[role=alert]")?.focus();
}

focusSummary(document);
document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt !== document.body) focusSummary(event.detail.elt);
});
