// When an htmx request gets no usable answer, the page says so instead of staying silent.
function report(event) {
  const stack = document.getElementById("toasts");
  const template = document.getElementById("no-answer");
  // A page that asks again by itself needs no message for each miss.
  if (!stack || !template || ["htmx:poll", "fresh"].includes(event.detail?.requestConfig?.triggeringEvent?.type)) return;
  if (stack.querySelector("[data-no-answer]")) return;
  stack.append(template.content.cloneNode(true));
}

document.addEventListener("htmx:sendError", report);
document.addEventListener("htmx:timeout", report);
document.addEventListener("htmx:responseError", report);
