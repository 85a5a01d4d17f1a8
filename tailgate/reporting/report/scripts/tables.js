// Tables: copied as numbers that a spreadsheet takes, and the runs found by name and outcome.
const NUMBER = /^(?:[≤<]\s?)?([-+\u2212]?\d[\d\s.]*(?:e-?\d+)?|∞|–)\s?(ms|s|%|\/s|USD)?(?:\s\[(.*), (.*)\])?$/u;
const ENDS = /^(?:\[(.*), (.*)\]|–)$/u;
const bare = (text) => ({ "–": "", "∞": "inf" })[text] ?? text?.replace(/\s/gu, "").replace("\u2212", "-") ?? "";
const textOf = (cell) => [...(cell.querySelectorAll("li").length ? cell.querySelectorAll("li") : [cell.querySelector("bdi") ?? cell])]
  .map((one) => one.textContent.replace(/\s+/gu, " ").trim()).join("; ");

// A column as one of texts, or of numbers with the unit in its heading and the ends of intervals beside them.
function spread([heading, ...cells]) {
  const numbers = cells.map((cell) => NUMBER.exec(cell)), ends = cells.map((cell) => ENDS.exec(cell)), name = heading.replace(/\s*\[95\s%\]$/u, "");
  if (ends.some((one) => one?.[1]) && ends.every(Boolean)) return [1, 2].map((end) => [`${name} ${["", "low", "high"][end]}`, ...ends.map((one) => bare(one[end]))]);
  const units = new Set(numbers.map((one) => one?.[2]).filter(Boolean));
  if (!numbers.every(Boolean)) return [[heading, ...cells]];
  const unit = units.size === 1 ? ` (${[...units][0]})` : "", parts = [1, ...(numbers.some((one) => one[3]) ? [3, 4] : []), ...(units.size > 1 ? [2] : [])];
  return parts.map((part) => [`${name}${{ 2: " unit", 3: " low", 4: " high" }[part] ?? ""}${unit}`, ...numbers.map((one) => bare(one[part]))]);
}
function tabbed(table) {
  const rows = [...table.rows].filter((row) => !row.hidden).map((row) => [...row.cells].map(textOf));
  const columns = rows[0].flatMap((_, at) => spread(rows.map((row) => row[at])));
  return rows.map((_, at) => columns.map((column) => column[at]).join("\t")).join("\n");
}
const told = (text) => { document.getElementById("told").textContent = text; };
document.querySelectorAll(".copy").forEach((button) => { button.hidden = false; });
document.addEventListener("click", async (event) => {
  const button = event.target.closest(".copy");
  if (!button) return;
  const table = button.closest("table") ?? document.querySelector("table.cases");
  try {
    await navigator.clipboard.writeText(tabbed(table));
    told("Table copied");
    button.textContent = "copied";
  } catch {
    getSelection().selectAllChildren(table);
    told("Table selected; copy it with the keyboard");
    button.textContent = "selected";
  }
});

const finding = document.querySelector("form.find");
function find() {
  const name = finding.elements.name.value.trim().toLowerCase(), wanted = new Set([...finding.querySelectorAll("[name=outcome]:checked")].map((one) => one.value));
  const fits = (one) => wanted.has(one.dataset.outcome) && one.dataset.name.toLowerCase().includes(name) && (!one.matches(".earlier") || finding.elements.earlier.checked);
  const rows = [...document.querySelectorAll("table.cases tbody tr")];
  [...rows, ...document.querySelectorAll("details.case")].forEach((one) => { one.hidden = !fits(one); });
  const shown = rows.filter((one) => !one.hidden).length;
  finding.querySelector("output").textContent = shown === rows.length ? "" : `${shown} of ${rows.length} runs shown`;
}
if (finding) {
  finding.hidden = false;
  finding.addEventListener("input", find);
  finding.addEventListener("reset", () => setTimeout(find));
  finding.addEventListener("submit", (event) => event.preventDefault());
}
