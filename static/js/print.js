// <button data-print>: prints the page; the print styles leave only what is meant for paper.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) print();
});
