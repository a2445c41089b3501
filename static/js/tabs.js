// On a narrow screen the row of tabs scrolls; the current one shall be in sight.
for (const tab of document.querySelectorAll('.tabs [aria-current]')) {
  const row = tab.closest('.tabs');
  row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.clientWidth) / 2;
}
