// Figures of one run.
drawings.curve = (told, width) => {
  const points = rowsOf(told, ["q", "nines", "value_s", "low_s", "high_s", "metric"]);
  const limits = told.budget.filter((one) => one.q != null).map((one) => ({ ...one, nines: 1 / (1 - one.q) }));
  const top = Math.max(...points.map((one) => one.nines), 10, ...limits.map((one) => one.nines));
  const ticks = [1, ...(width > 420 ? [2] : []), 10, 100, 1e3, 1e4, 1e5, 1e6].filter((nines) => nines <= top * 1.01);
  const y = timeAxis("y", [...points.flatMap((one) => [one.value_s, one.low_s, one.high_s]), ...limits.map((one) => one.bound_s)]);
  const banded = points.filter((one) => one.low_s != null), failing = told.ends_at_q == null ? [] : [1 / (1 - told.ends_at_q)];
  return Plot.plot({
    ...base, width, height: 300, x: { type: "log", domain: [1, top] }, y: y.scale,
    marks: [
      ...axis("x", ticks, (nines) => percent(1 - 1 / nines), "percentile, on an axis of 1/(1 − q)"), ...y.marks,
      Plot.areaY(banded, { x: "nines", y1: (one) => toMs(one.low_s), y2: (one) => toMs(one.high_s) ?? y.domain[1], fill: ACCENT, fillOpacity: 0.08 }),
      Plot.areaY(banded, { x: "nines", y1: (one) => toMs(one.low_s), y2: (one) => toMs(one.high_s), fill: ACCENT, fillOpacity: 0.16 }),
      Plot.ruleX(failing, { stroke: FAIL, strokeWidth: 1.5 }),
      Plot.text(failing, { x: (one) => one, text: () => "failed", frameAnchor: "top", dy: -10, textAnchor: "end", ...halo, fill: FAIL }),
      Plot.line(points, { x: "nines", y: (one) => toMs(one.value_s), stroke: ACCENT, strokeWidth: 2 }),
      Plot.dot(points.filter((one) => one.metric), { x: "nines", y: (one) => toMs(one.value_s), r: 3.5, fill: ACCENT }),
      Plot.ruleY(limits, { y: (one) => toMs(one.bound_s), x1: 1, x2: "nines", stroke: limitColor, strokeDasharray: "5 4" }),
      Plot.dot(limits, { x: "nines", y: (one) => toMs(one.bound_s), symbol: "times", stroke: limitColor, strokeWidth: 2.5, r: 5 }),
      Plot.text(limits, { x: 1, y: (one) => toMs(one.bound_s), text: limitText, textAnchor: "start", dx: 4, dy: -7, ...halo, fill: limitColor }),
      pointed(points, "nines", (one) => toMs(one.value_s), (one) => `${one.metric ?? percent(one.q)}\n${inMs(one.value_s)}${within(one.low_s, one.high_s)}`),
    ],
  });
};

drawings.tail = (told, width) => {
  const points = rowsOf(told, ["time_s", "share"]), failed = told.failed_share > 0 ? [told.failed_share] : [];
  const limits = told.budget.filter((one) => one.q != null).map((one) => ({ ...one, share: 1 - one.q }));
  const x = timeAxis("x", [...points.map((one) => one.time_s), ...limits.map((one) => one.bound_s)], "longer than", width / 60);
  const least = Math.min(...points.map((one) => one.share), ...limits.map((one) => one.share));
  const places = d3.range(0, -9, -1).map((power) => 10 ** power).filter((share) => share >= least / 1.3);
  return Plot.plot({
    ...base, width, height: 300, x: x.scale, y: { type: "log", domain: [least / 1.3, 1] },
    marks: [
      ...x.marks, ...axis("y", places, percent, "share of requests"),
      Plot.ruleY(failed, { stroke: FAIL, strokeDasharray: "2 3" }),
      Plot.text(failed, { y: (one) => one, text: () => "failed", frameAnchor: "left", textAnchor: "start", dx: 4, dy: -7, ...halo, fill: FAIL }),
      Plot.line(points, { x: (one) => toMs(one.time_s), y: "share", stroke: ACCENT, strokeWidth: 2, curve: "step-after" }),
      Plot.dot(limits, { x: (one) => toMs(one.bound_s), y: "share", symbol: "times", stroke: limitColor, strokeWidth: 2.5, r: 5 }),
      Plot.text(limits, { x: (one) => toMs(one.bound_s), y: "share", text: limitText, textAnchor: "end", dx: -8, dy: -7, ...halo, fill: limitColor }),
      pointed(points, (one) => toMs(one.time_s), "share", (one) => `longer than ${inMs(one.time_s)}\n${percent(one.share)}`),
    ],
  });
};

const due = { label: "due, seconds after the warm-up", labelAnchor: "center" };

drawings.heat = (told, width) => {
  const wide = told.column_s, end = told.p50_s.length * wide, edges = told.edges_s;
  const cells = told.columns.flatMap(([first, ...counts], at) => counts.map((many, more) => (
    { from: at * wide, to: (at + 1) * wide, low: toMs(edges[first + more]), high: toMs(edges[first + more + 1]), many }))).filter((one) => one.many);
  const most = Math.max(1, ...cells.map((one) => one.many)), x = { ...due, domain: [0, end] };
  const y = timeAxis("y", cells.length ? [d3.min(cells, (one) => one.low) / 1e3, d3.max(cells, (one) => one.high) / 1e3] : []);
  const curves = [["p99", placed(told.p99_s, wide), SECOND], ["p50", placed(told.p50_s, wide), TEXT]];
  const limits = told.budget.filter((one) => one.q != null && toMs(one.bound_s) >= y.domain[0] && toMs(one.bound_s) <= y.domain[1]);
  const above = Plot.plot({
    ...base, marginRight: 40, width, height: 300, x: told.lag ? { ...x, label: null } : x, y: y.scale,
    marks: [
      ...y.marks,
      Plot.rect(cells, { x1: "from", x2: "to", y1: "low", y2: "high", fill: ACCENT, fillOpacity: (one) => 0.08 + 0.87 * Math.sqrt(one.many / most), inset: 0 }),
      ...strokes(curves, end),
      Plot.ruleY(limits, { y: (one) => toMs(one.bound_s), stroke: limitColor, strokeDasharray: "5 4" }),
      Plot.text(limits, { y: (one) => toMs(one.bound_s), text: limitText, frameAnchor: "left", textAnchor: "start", dx: 4, dy: -7, ...halo, fill: limitColor }),
      Plot.tip(cells, Plot.pointer({ x: (one) => (one.from + one.to) / 2, y: (one) => Math.sqrt(one.low * one.high), title: cellText, ...raised })),
      told.failed ? Plot.ruleX(placed(told.failed, wide).filter((one) => one.value), { x: "at", stroke: FAIL, strokeWidth: 2, insetTop: 240 }) : null,
    ],
  });
  return told.lag ? [above, lag(told.lag, x, end, width)] : above;
};
const cellText = (one) => `${one.from}–${one.to} s\n${tick(one.low)} to ${tick(one.high)}\n${one.many} ${one.many === 1 ? "request" : "requests"}`;

// Lines over time, each named at its end; a single point is a dot.
function strokes(curves, end) {
  return curves.filter(([, rows]) => rows.length).flatMap(([name, rows, stroke]) => [
    rows.length > 1 ? Plot.line(rows, { x: "at", y: (one) => toMs(one.value), stroke, strokeWidth: 1.5 }) : Plot.dot(rows, { x: "at", y: (one) => toMs(one.value), fill: stroke, r: 3 }),
    Plot.text(rows.slice(-1), { x: end, y: (one) => toMs(one.value), text: () => name, ...halo, fill: stroke, textAnchor: "start", dx: 4, dy: { max: -5, p99: 4 }[name] ?? 0 }),
  ]);
}

function lag(told, x, end, width) {
  const curves = [["max", told.max_s, QUIET], ["p99", told.p99_s, SECOND], ["p50", told.p50_s, TEXT]].map(([name, values, stroke]) => [name, placed(values, told.column_s), stroke]);
  return Plot.plot({
    ...base, marginRight: 40, width, height: 150, x: { ...x, domain: [0, Math.max(end, told.max_s.length * told.column_s)] },
    y: { label: "send lag", grid: true, tickFormat: tick, ticks: 3, zero: true },
    marks: [
      Plot.ruleY([0], { stroke: "var(--line)" }), ...strokes(curves, end),
      pointed(curves[1][1], "at", (one) => toMs(one.value), (one) => `send lag p99 ${inMs(one.value)}`),
    ],
  });
}

drawings.phases = (told, width) => {
  const stacked = [["client", told.client], ["CloudWatch", told.platform]]
    .flatMap(([who, parts]) => (parts ?? []).map((one) => ({ who, phase: one.phase, mean: toMs(one.mean_s) })));
  const own = stacked.length ? stacked : (told.medians ?? []).filter((one) => one.p50_s != null).map((one) => ({ who: one.phase, phase: one.phase, mean: toMs(one.p50_s) }));
  const names = [...new Set(own.map((one) => one.phase))], whole = d3.max(d3.rollups(own, (rows) => d3.sum(rows, (one) => one.mean), (one) => one.who), (one) => one[1]);
  const large = own.filter((one) => one.mean > whole * 0.14);
  return Plot.plot({
    ...base, marginLeft: 84, width, height: 110 + 34 * new Set(own.map((one) => one.who)).size, y: { label: null },
    x: { label: stacked.length ? "mean, adding up" : "p50 of each, which do not add up", labelAnchor: "center", tickFormat: tick, grid: true, ticks: 5 },
    color: { domain: names, range: names.map((_, place) => SEVERAL[place % SEVERAL.length]), legend: true },
    marks: [
      Plot.barX(own, { x: "mean", y: "who", fill: "phase", stroke: "var(--ground)", strokeWidth: 0.5 }), Plot.ruleX([0]),
      stacked.length ? Plot.text(own, Plot.stackX({ x: "mean", y: "who", text: (one) => (large.includes(one) ? `${short(one.phase, 12)} ${fixed(one.mean, 1)}` : null), fill: "#fff", stroke: "#222", strokeWidth: 2.5 })) : null,
      Plot.tip(own, Plot.pointerX(Plot.stackX({ x: "mean", y: "who", title: (one) => `${one.phase}\n${fixed(one.mean, 3)} ms`, ...raised }))),
    ],
  });
};

drawings.errors = (told, width) => {
  const bars = Plot.plot({
    ...base, marginLeft: 130, marginRight: 40, width, height: 70 + 28 * told.kinds.length,
    x: { label: "requests", labelAnchor: "center", grid: true, ticks: 4, tickFormat: "~s" },
    y: { label: null, domain: told.kinds.map((one) => one.kind), tickFormat: (name) => short(name, 18) },
    marks: [
      Plot.barX(told.kinds, { x: "requests", y: "kind", fill: FAIL, title: "kind" }), Plot.ruleX([0]),
      Plot.text(told.kinds, { fill: "currentColor", x: "requests", y: "kind", text: (one) => `${one.requests}`, textAnchor: "start", dx: 4 }),
    ],
  });
  if (!told.per_second) return bars;
  const seconds = told.per_second.map((many, at) => ({ from: at, to: at + 1, many })), most = d3.max(seconds, (one) => one.many);
  const y = { label: "failed", ticks: Math.min(3, most), tickFormat: "~s", grid: true };
  const marks = [Plot.rectY(seconds, { x1: "from", x2: "to", y: "many", fill: FAIL, inset: 0 }), Plot.ruleY([0])];
  return [bars, Plot.plot({ ...base, width, height: 120, x: due, y, marks })];
};

drawings.remotes = (told, width) => {
  const rows = told.rows.flatMap((one) => ["p50", "p99"].map((metric) => ({ name: one.address, metric, ...one[metric] }))).filter((one) => one.value != null);
  const names = [...new Set(rows.map((one) => one.name))], x = timeAxis("x", reach(rows), "response time", width / 80), color = (one) => (one.metric === "p99" ? SECOND : ACCENT);
  return Plot.plot({
    ...base, marginLeft: 120, marginRight: 50, width, height: 80 + 34 * names.length, x: x.scale, y: { label: null, domain: names, tickFormat: (name) => short(name, 16), type: "point" },
    marks: [
      ...x.marks, ...intervals(rows, "x", "name", color, x.domain),
      Plot.dot(rows, { x: (one) => toMs(one.value), y: "name", fill: color, r: 4 }),
      Plot.text(rows, { x: (one) => toMs(one.value), y: "name", text: "metric", ...halo, fill: color, dy: -11 }),
      pointed(rows, (one) => toMs(one.value), "name", (one) => `${short(one.name, 60)} ${one.metric}\n${inMs(one.value)}${within(one.low, one.high)}`),
    ],
  });
};

drawings.history = (told, width) => {
  const rows = told.points.map((one, place) => ({ ...one, ...one.value, place: place + 1 })), known = rows.filter((one) => one.value != null);
  const judged = rows.filter((one) => one.bound_s != null), begun = new Set(told.changes);
  const y = timeAxis("y", reach(known, judged.flatMap((one) => [one.low_s, one.bound_s])), told.metric);
  const color = (one) => (one.beyond ? FAIL : one.trusted ? ACCENT : QUIET);
  return Plot.plot({
    ...base, width, height: 260, x: { domain: [0.5, rows.length + 0.5] }, y: y.scale, symbol: { type: "identity" }, color: { type: "identity" },
    marks: [
      ...y.marks, Plot.axisX(d3.ticks(1, rows.length, Math.min(rows.length, 10)).filter(Number.isInteger), { label: "run, oldest first", labelAnchor: "center" }),
      Plot.areaY(judged, { x: "place", y1: (one) => toMs(one.low_s), y2: (one) => toMs(one.bound_s), fill: QUIET, fillOpacity: 0.2 }),
      Plot.line(judged, { x: "place", y: (one) => toMs(one.expected_s), stroke: QUIET, strokeOpacity: 0.6 }),
      Plot.line(judged, { x: "place", y: (one) => toMs(one.bound_s), stroke: QUIET, strokeDasharray: "4 3" }),
      Plot.ruleX(rows.filter((_, place) => begun.has(place)), { x: (one) => one.place - 0.5, stroke: SECOND, strokeWidth: 1.5 }),
      Plot.text(rows.filter((_, place) => begun.has(place)), { x: (one) => one.place - 0.5, text: () => "new level", frameAnchor: "top", dy: -10, ...halo, fill: SECOND }),
      ...intervals(known, "y", "place", color, y.domain),
      Plot.line(known, { x: "place", y: (one) => toMs(one.value), stroke: ACCENT, strokeOpacity: 0.5 }),
      Plot.dot(known, { x: "place", y: (one) => toMs(one.value), r: 4, fill: color, symbol: (one) => (one.beyond ? "triangle" : "circle") }),
      pointed(known, "place", (one) => toMs(one.value), (one) => `${one.started_at}\n${inMs(one.value)}${within(one.low, one.high)}\n${short(one.commit, 12)} ${one.outcome ?? ""}`),
    ],
  });
};
