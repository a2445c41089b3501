// <hold-countdown until="ISO instant"> with <b data-left hidden> and <span data-ended hidden> inside: shows what is
// left of a hold, and at its end shows the other text and fires "ended" (usable as an hx-trigger).
class HoldCountdown extends HTMLElement {
  connectedCallback() {
    this.until = Date.parse(this.getAttribute("until"));
    this.left = this.querySelector("[data-left]");
    this.timer = setInterval(() => this.tick(), 1000);
    this.tick();
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }

  tick() {
    const seconds = Math.max(0, Math.round((this.until - Date.now()) / 1000));
    if (Number.isNaN(seconds)) return clearInterval(this.timer);
    this.left.hidden = false;
    this.left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (seconds === 0) this.end();
  }

  end() {
    clearInterval(this.timer);
    this.classList.add("ended");
    this.querySelectorAll("[data-running]").forEach((part) => (part.hidden = true));
    this.querySelectorAll("[data-ended]").forEach((part) => (part.hidden = false));
    this.dispatchEvent(new CustomEvent("ended", { bubbles: true }));
  }
}
customElements.define("hold-countdown", HoldCountdown);
