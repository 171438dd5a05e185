// On a phone, tables.css stacks the cells of a row; each shows the name of its column.
for (const table of document.querySelectorAll("article table.docutils")) {
  const names = Array.from(table.querySelectorAll("thead th"), (th) => th.textContent);
  for (const row of table.tBodies[0]?.rows ?? []) {
    Array.from(row.cells, (cell, i) => (cell.dataset.column = names[i] ?? ""));
  }
}
