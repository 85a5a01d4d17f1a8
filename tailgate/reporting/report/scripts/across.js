// Figures of several runs.

// Two charts side by side, mean and p99, as long as those of the same endpoint on another path.
drawings.types = (told, width) => {
  const alike = Object.values(series).filter((one) => one.kind === "types" && one.series.name === told.name).map((one) => one.series);
  const wide = width >= 640 ? Math.floor((width - 32) / 2) : width;
  return ["mean", "p99"].map((metric) => bars(told, metric, furthest(alike, metric), wide));
};
const barsOf = (told, metric) => told.families.flatMap(({ family, bars: those }) => those.filter((one) => one[metric]?.value != null)
  .map((one) => ({ family, type: one.instance_type, outcome: one.outcome, ...one[metric] })));
function furthest(alike, metric) {
  const limits = metric === "p99" ? alike.flatMap((one) => (one.limit ? [one.limit.bound_s] : [])) : [];
  const most = Math.max(...alike.flatMap((one) => reach(barsOf(one, metric))), 0);
  return toMs(Math.max(most, ...limits.filter((one) => one <= most * 2.5))) * 1.03;
}
function bars(told, metric, most, width) {
  const rows = barsOf(told, metric), gaps = new Set();
  const types = d3.groups(rows, (one) => one.family).flatMap(([family, those], place) => {
    if (place) gaps.add(`gap before ${family}`);
    return [...(place ? [`gap before ${family}`] : []), ...those.map((one) => one.type)];
  });
  const narrow = width < 420, sign = { FAIL: "✗", INCONCLUSIVE: "?" };
  const marked = (one) => (one.outcome && one.outcome !== "PASS" ? ` ${(narrow && sign[one.outcome]) || one.outcome}` : "");
  return Plot.plot({
    ...base, marginLeft: 112, marginRight: !narrow && rows.some(marked) ? 150 : 80, width, height: 72 + 24 * types.length, x: { domain: [0, most] },
    y: { label: null, domain: types, axis: null, padding: 0.15 },
    marks: [
      ...axis("x", d3.ticks(0, most, width > 400 ? 5 : 2), tick, `${metric} response time`),
      Plot.axisY(types.filter((one) => !gaps.has(one)), { label: null, tickSize: 0, text: (one) => short(one, 18) }),
      Plot.barX(rows, { x: (one) => Math.min(toMs(one.value), most), y: "type", fill: ACCENT, fillOpacity: 0.7 }),
      ...intervals(rows, "x", "type", TEXT, [0, most]), ...(metric === "p99" ? bound(told.limit, "x", [0, most]) : []),
      Plot.text(rows, { frameAnchor: "right", y: "type", text: (one) => inMs(one.value) + marked(one), textAnchor: "start", dx: 8, ...halo, fill: (one) => (marked(one) ? OUTCOMES[one.outcome] : TEXT) }),
      Plot.ruleX([0]),
      pointed(rows, (one) => toMs(one.value), "type", (one) => `${one.type} ${metric}\n${inMs(one.value)}${within(one.low, one.high)}${marked(one)}`),
    ],
  });
}

drawings.paths = (told, width) => {
  const rows = told.differences.filter((one) => one.difference_s != null).map((one) => ({ name: one.metric, value: one.difference_s, low: one.low_s, high: one.high_s }));
  const ends = rows.flatMap((one) => [one.value, one.low, one.high]).filter((one) => one != null).map(toMs);
  const [low, high] = d3.extent([0, ...ends]), room = Math.max(high - low, 0.01) * 0.06, domain = [low - room, high + room];
  const color = (one) => (one.low != null && one.high != null && one.low * one.high > 0 ? ACCENT : QUIET);
  return Plot.plot({
    ...base, marginLeft: 60, marginRight: 130, width, height: 84 + 34 * rows.length, x: { domain }, y: { label: null, domain: rows.map((one) => one.name), type: "point" },
    marks: [
      ...axis("x", d3.ticks(...domain, width > 500 ? 5 : 3), tick, `← ${short(told.second)} is faster, slower →`, { labelArrow: "none" }), Plot.ruleX([0], { strokeWidth: 1.5 }),
      ...intervals(rows, "x", "name", color, domain),
      Plot.dot(rows, { x: (one) => toMs(one.value), y: "name", fill: color, r: 4.5 }),
      Plot.text(rows, { frameAnchor: "right", y: "name", text: (one) => inMs(one.value) + within(one.low, one.high), textAnchor: "start", dx: 8, ...halo, fill: color }),
      pointed(rows, (one) => toMs(one.value), "name", (one) => `${one.name}\n${inMs(one.value)}${within(one.low, one.high)}`),
    ],
  });
};

// A line for each instance type, named at its end.
drawings.rate = (told, width) => {
  const rows = told.lines.flatMap(({ label, points }, line) => points.filter((one) => one.p99.value != null)
    .map((one) => ({ ...one, ...one.p99, label, color: told.lines.length > 1 ? SEVERAL[line % SEVERAL.length] : ACCENT, at: one.offered_per_s ?? one.achieved.value })));
  const y = timeAxis("y", reach(rows, told.limit ? [told.limit.bound_s] : []), "p99"), [low, high] = d3.extent(rows, (one) => one.at);
  const log = low > 0 && high / low > 20, domain = log ? [low / 1.15, high * 1.15] : [0, high * 1.05];
  const last = d3.groups(rows, (one) => one.label).map(([, those]) => those[those.length - 1]);
  return Plot.plot({
    ...base, marginRight: told.lines.length > 1 ? 110 : 50, width, height: 300, x: { type: log ? "log" : "linear", domain }, y: y.scale, color: { type: "identity" },
    marks: [
      ...axis("x", log ? roundPlaces(domain, width / 60) : d3.ticks(...domain, width > 500 ? 8 : 4), (rate) => `${+rate.toPrecision(3)}`, "rate, requests per second"), ...y.marks,
      ...bound(told.limit, "y", y.domain), ...intervals(rows, "y", "at", (one) => one.color, y.domain),
      Plot.line(rows, { x: "at", y: (one) => toMs(one.value), z: "label", stroke: "color", strokeWidth: 2 }),
      Plot.dot(rows, { x: "at", y: (one) => toMs(one.value), r: 4.5, fill: "color" }),
      told.lines.length > 1 ? Plot.text(last, { x: "at", y: (one) => toMs(one.value), text: (one) => short(one.label, 16), textAnchor: "start", dx: 9, ...halo, fill: "color" }) : null,
      pointed(rows, "at", (one) => toMs(one.value), (one) => `${short(one.case, 60)}\n${one.at}/s: p99 ${inMs(one.value)}${within(one.low, one.high)}`),
    ],
  });
};

drawings.cost = (told, width) => {
  const rows = told.points.filter((one) => one.p99.value != null).map((one) => ({ ...one, ...one.p99, at: one.cost.value }));
  const y = timeAxis("y", reach(rows, told.limit ? [told.limit.bound_s] : []), "p99"), [low, high] = d3.extent(rows, (one) => one.at);
  const log = low > 0 && high / low > 5, domain = log ? [low / 1.3, high * 1.3] : [0, high * 1.08], usd = (value) => `${+value.toPrecision(3)}`;
  const color = (one) => (one.front ? ACCENT : QUIET), size = { width: width - 62 - 50, height: 300 - 26 - 42 };
  const labels = beside(rows, log ? d3.scaleLog(domain, [0, size.width]) : d3.scaleLinear(domain, [0, size.width]), d3.scaleLog(y.domain, [size.height, 0]), size.width);
  return Plot.plot({
    ...base, marginRight: 50, width, height: 300, x: { type: log ? "log" : "linear", domain }, y: y.scale,
    marks: [
      ...axis("x", log ? roundPlaces(domain, width / 80) : d3.ticks(...domain, width > 500 ? 5 : 3), usd, "USD for a thousand requests"), ...y.marks, ...bound(told.limit, "y", y.domain),
      ...intervals(rows, "y", "at", color, y.domain),
      Plot.line(rows.filter((one) => one.front), { x: "at", y: (one) => toMs(one.value), stroke: ACCENT, strokeWidth: 1.5, curve: "step-after" }),
      Plot.dot(rows, { x: "at", y: (one) => toMs(one.value), r: 4.5, stroke: color, strokeWidth: 1.5, fill: (one) => (one.at_most ? "var(--ground)" : color(one)) }),
      ...labels.map((one) => Plot.text([one], { x: "at", y: (each) => toMs(each.value), text: "text", textAnchor: one.anchor, dx: one.dx, dy: one.dy, ...halo, fill: one.front ? ACCENT : "currentColor" })),
      pointed(rows, "at", (one) => toMs(one.value), (one) => `${short(one.case, 60)}\np99 ${inMs(one.value)}${within(one.low, one.high)}, ${one.at_most ? "at most " : ""}${usd(one.at)} USD`),
    ],
  });
};

// Where a label stands free of points and of other labels: above, right, left or below; where nowhere, it is left to the table.
function beside(rows, x, y, most) {
  const taken = rows.map((one) => ({ left: x(one.at) - 6, right: x(one.at) + 6, top: y(toMs(one.value)) - 6, bottom: y(toMs(one.value)) + 6 })), kept = [];
  for (const one of [...rows].sort((a, b) => b.front - a.front)) {
    const text = short(one.label), wide = 5.6 * [...text].length, [h, v] = [x(one.at), y(toMs(one.value))];
    const places = [["middle", 0, -13, -wide / 2], ["start", 9, 0, 9], ["end", -9, 0, -9 - wide], ["middle", 0, 14, -wide / 2]];
    for (const [anchor, dx, dy, from] of places) {
      const box = { left: h + from, right: h + from + wide, top: v + dy - 6, bottom: v + dy + 6 };
      const free = taken.every((other) => other.right < box.left || other.left > box.right || other.bottom < box.top || other.top > box.bottom);
      if (!free || box.left < -50 || box.right > most + 50) continue;
      taken.push(box);
      kept.push({ ...one, text, anchor, dx, dy });
      break;
    }
  }
  return kept;
}
