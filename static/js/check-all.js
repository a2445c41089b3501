// One box for all: it ticks those of its form that have the same kind of name, and stays ticked while they all are.

for (const all of document.querySelectorAll("[data-checks]")) {
  const boxes = [...all.form.querySelectorAll(`[type="checkbox"][name^="${all.dataset.checks}"]`)];
  const agree = () => { all.checked = boxes.every((box) => box.checked); };
  all.addEventListener("change", () => boxes.forEach((box) => { box.checked = all.checked; }));
  for (const box of boxes) box.addEventListener("change", agree);
  if (all.checked) boxes.forEach((box) => { box.checked = true; });
}
