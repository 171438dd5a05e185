// On a phone, tables.css makes a block of each row of a table with three columns or more;
// each cell then shows the name of its column. The roles keep it a table for readers.
for (const table of document.querySelectorAll("article table.docutils")) {
  const names = Array.from(table.querySelectorAll("thead th"), (th) => th.textContent);
  if (names.length < 3) continue;
  table.classList.add("stacked");
  table.setAttribute("role", "table");
  for (const row of table.tBodies[0].rows) {
    row.setAttribute("role", "row");
    for (const [i, cell] of Array.from(row.cells).entries()) {
      cell.setAttribute("role", "cell");
      cell.classList.toggle("blank", !cell.textContent.trim());
      if (i > 0 && names[i]) cell.dataset.column = names[i];
    }
  }
}
