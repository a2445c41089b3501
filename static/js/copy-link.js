// <copy-link data-copied="Copied"> around a read-only input or textarea and a button: copies its text and says so.
class CopyLink extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input, textarea");
    this.button = this.querySelector("button");
    this.word = this.button.querySelector("span");
    this.before = this.word.textContent;
    this.button.addEventListener("click", () => this.copy());
    this.input.addEventListener("focus", () => this.input.select());
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(this.input.value);
    } catch {
      this.input.focus(); // selects; the user's own Ctrl-C still works
      return;
    }
    const said = this.dataset.copied;
    this.word.textContent = said;
    const live = document.getElementById("live");
    if (live) live.textContent = said;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.word.textContent = this.before;
      if (live) live.textContent = "";
    }, 2500);
  }
}
customElements.define("copy-link", CopyLink);
