// Toasts: the cross closes one; those that report no trouble and offer nothing to press go by themselves, never while
// they are read.
const STAY = 7000;

function arm(toast) {
  if (toast.dataset.armed) return;
  toast.dataset.armed = "yes";
  toast.querySelector("[data-close]")?.addEventListener("click", () => toast.remove());
  if (toast.classList.contains("bad") || toast.querySelector("form")) return;
  let timer = setTimeout(() => toast.remove(), STAY);
  const wait = () => clearTimeout(timer);
  const go = () => (timer = setTimeout(() => toast.remove(), STAY));
  toast.addEventListener("pointerenter", wait);
  toast.addEventListener("focusin", wait);
  toast.addEventListener("pointerleave", go);
  toast.addEventListener("focusout", go);
}

const stack = document.getElementById("toasts");
if (stack) {
  const armAll = () => stack.querySelectorAll(".toast").forEach(arm);
  new MutationObserver(armAll).observe(stack, { childList: true });
  armAll();
}
