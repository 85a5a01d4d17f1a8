// What all drawings share: series, colours, numbers as text, axes, intervals. The files of this folder are one script, in one block.
const series = JSON.parse(document.getElementById("series").textContent);
const [ACCENT, SECOND, QUIET, FAIL, TEXT] = ["var(--accent)", "var(--second)", "var(--quiet)", "var(--fail)", "var(--text)"];
const OUTCOMES = { FAIL, INCONCLUSIVE: "var(--undecided)", PASS: "var(--pass)" };
const SEVERAL = ["#4269d0", "#c7820a", "#e0513f", "#2f9e8b", "#3ca951", "#d9639a", "#a463f2", "#6b93d6", "#9c6b4e", "#80868d"];
const base = { marginLeft: 62, marginRight: 24, marginBottom: 42, marginTop: 26 };
const halo = { fill: "currentColor", stroke: "var(--ground)", strokeWidth: 3 };
const raised = { fill: "var(--raised)", stroke: "var(--line)" };
const drawings = {};

// As the page's own texts are rounded: ties to even, which toFixed does not do.
const fixed = (value, digits) => {
  const text = value.toFixed(digits), scaled = value * 10 ** digits;
  const tie = scaled % 1 === 0.5 && Number.isInteger(scaled * 2) && Math.floor(scaled) % 2 === 0;
  return tie ? (Math.floor(scaled) / 10 ** digits).toFixed(digits) : text;
};
const toMs = (seconds) => (seconds == null ? null : seconds * 1e3);
const inMs = (seconds) => (seconds == null ? "–" : `${fixed(seconds * 1e3, 1)} ms`);
const within = (low, high) => (low == null && high == null ? "" : ` [${inMs(low)}, ${inMs(high)}]`.replaceAll(" ms", ""));
const tick = (ms) => (Math.abs(ms) >= 1000 ? `${+(ms / 1000).toPrecision(3)} s` : `${+ms.toPrecision(3)} ms`);
const percent = (share) => `${+(share * 100).toPrecision(4)} %`;
const short = (text, most = 28) => (text && [...text].length > most ? `${[...text].slice(0, most - 1).join("")}…` : text ?? "–");
const rowsOf = (columns, names) => columns[names[0]].map((_, place) => Object.fromEntries(names.map((name) => [name, columns[name][place]])));
const placed = (values, width_s) => (values ?? []).map((value, at) => ({ at: (at + 0.5) * width_s, value })).filter((one) => one.value != null);

// Round places of a logarithmic axis: as many as there is room for.
function roundPlaces([low, high], most = 8) {
  const sets = [[1, 1.5, 2, 3, 4, 5, 7], [1, 2, 5], [1, 3], [1]].map((digits) => (
    d3.range(-7, 10).flatMap((power) => digits.map((digit) => digit * 10 ** power)).filter((one) => one >= low && one <= high)));
  return sets.find((found) => found.length > 2 && found.length <= most) ?? d3.ticks(low, high, Math.min(most, 4));
}
// Axis and grid of one direction. Plot leaves out labels of a logarithmic axis as D3 would; these are as they are said to be.
function axis(direction, places, text, label, more = {}) {
  const [ticks, grid] = direction === "x" ? [Plot.axisX, Plot.gridX] : [Plot.axisY, Plot.gridY];
  return [grid(places), ticks(places, { text, label, labelAnchor: direction === "x" ? "center" : "top", ...more })];
}
// Seconds in, milliseconds on a logarithmic axis that is no wider than what it shows.
function timeAxis(direction, seconds, label = "response time", most = 8) {
  const known = seconds.filter((one) => one > 0).map(toMs), [low, high] = known.length ? d3.extent(known) : [1, 10];
  const domain = [low / 1.12, high * 1.12];
  return { scale: { type: "log", domain }, domain, marks: axis(direction, roundPlaces(domain, most), tick, label) };
}
// How far an axis reaches that shows values and their intervals: an end far off is not worth that all others are squeezed.
function reach(rows, further = []) {
  const values = [...rows.map((one) => one.value), ...further].filter((one) => one != null), most = Math.max(...values), least = Math.min(...values);
  const ends = rows.flatMap((one) => [one.low, one.high]).filter((one) => one != null && one <= most * 2.5 && one >= least / 2.5);
  return [...values, ...ends];
}
// Intervals along an axis whose ends are `from` and `to`; beyond them, and where an end is not known, an arrow says so.
function intervals(rows, along, at, color, [from, to]) {
  const told = rows.filter((one) => one.value != null && (one.low != null || one.high != null)).map((one) => ({
    ...one, color: typeof color === "function" ? color(one) : color, begin: Math.max(toMs(one.low ?? one.value), from), end: Math.min(toMs(one.high ?? one.value), to),
    below: one.low == null || toMs(one.low) < from, above: one.high == null || toMs(one.high) > to, middle: toMs(one.value),
  }));
  const [rule, first, second, signs] = along === "x" ? [Plot.ruleY, "x1", "x2", ["←", "→"]] : [Plot.ruleX, "y1", "y2", ["↓", "↑"]];
  const other = along === "x" ? { y: at } : { x: at }, stroke = "color";
  const sign = (those, place, text) => Plot.text(those, { ...other, [along]: () => place, text: () => text, fill: stroke, fontSize: 13, fontWeight: 700 });
  return [
    rule(told, { ...other, [first]: "begin", [second]: "end", stroke, strokeWidth: 1.5 }),
    rule(told.filter((one) => one.high == null), { ...other, [first]: "middle", [second]: () => to, stroke, strokeDasharray: "2 3" }),
    rule(told.filter((one) => one.low == null), { ...other, [first]: () => from, [second]: "middle", stroke, strokeDasharray: "2 3" }),
    sign(told.filter((one) => one.above), to, signs[1]), sign(told.filter((one) => one.below), from, signs[0]),
  ];
}
const pointed = (rows, x, y, title) => Plot.tip(rows, Plot.pointer({ x, y, title, ...raised }));
const limitText = (one) => `${one.source}${one.outcome ? ` ${one.outcome}` : ""}`;
const limitColor = (one) => OUTCOMES[one.outcome] ?? SECOND;
// A bound that all share, across a plot: only where it does not squeeze what is measured.
function bound(limit, along, domain) {
  if (!limit || toMs(limit.bound_s) > domain[1] || toMs(limit.bound_s) < domain[0]) return [];
  const place = toMs(limit.bound_s), text = () => limit.source, stroke = { stroke: SECOND, strokeDasharray: "5 4" };
  return along === "x"
    ? [Plot.ruleX([place], stroke), Plot.text([place], { x: (one) => one, text, frameAnchor: "top", dy: -12, ...halo, fill: SECOND })]
    : [Plot.ruleY([place], stroke), Plot.text([place], { y: (one) => one, text, frameAnchor: "left", textAnchor: "start", dx: 4, dy: -7, ...halo, fill: SECOND })];
}
