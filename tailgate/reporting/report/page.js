"use strict";
// Draws each figure of #series with Observable Plot when it is seen, once more where its width changes, and all of them to print.
(() => {
  const series = JSON.parse(document.getElementById("series").textContent);
  const [ACCENT, SECOND, QUIET, FAIL] = ["var(--accent)", "var(--second)", "var(--quiet)", "var(--fail)"];
  const PHASES = ["#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5", "#9c6b4e", "#9498a0"];

  // As the page's own texts are rounded: ties to even, which toFixed does not do.
  const fixed = (value, digits) => {
    const text = value.toFixed(digits), scaled = value * 10 ** digits;
    return scaled % 1 === 0.5 && Number.isInteger(scaled * 2) && Math.floor(scaled) % 2 === 0 ? (Math.floor(scaled) / 10 ** digits).toFixed(digits) : text;
  };
  const inMs = (seconds) => (seconds == null ? "–" : `${fixed(seconds * 1e3, 1)} ms`);
  const within = (low, high) => (low == null && high == null ? "" : ` [${inMs(low)}, ${inMs(high)}]`.replaceAll(" ms", ""));
  const short = (text, most = 28) => (text && [...text].length > most ? `${[...text].slice(0, most - 1).join("")}…` : text ?? "–");
  const tick = (ms) => (ms >= 1000 ? `${+(ms / 1000).toPrecision(3)} s` : `${+ms.toPrecision(3)} ms`);
  const toMs = (seconds) => (seconds == null ? null : seconds * 1e3);
  const percent = (share) => `${+(share * 100).toPrecision(4)} %`;
  const rowsOf = (columns, names) => columns[names[0]].map((_, place) => Object.fromEntries(names.map((name) => [name, columns[name][place]])));
  // A logarithmic axis that is no wider than what it shows: seconds in, milliseconds on the axis.
  const time = (seconds, more) => {
    const known = seconds.filter((one) => one > 0).map(toMs), [low, high] = known.length ? d3.extent(known) : [1, 10];
    const domain = [low / 1.12, high * 1.12];
    const round = d3.range(-5, 9).flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power)).filter((one) => one >= domain[0] && one <= domain[1]);
    return { type: "log", domain, label: "response time", grid: true, tickFormat: tick, ticks: round.length > 2 ? round : d3.ticks(...domain, 5), ...more };
  };
  const across = { labelAnchor: "center" };
  const halo = { fill: "currentColor", stroke: "var(--ground)", strokeWidth: 3 };
  const base = { marginLeft: 62, marginRight: 24, marginBottom: 42, marginTop: 26 };
  const pointed = (rows, x, y, title) => Plot.tip(rows, Plot.pointer({ x, y, title, fill: "var(--raised)", stroke: "var(--line)" }));
  const worded = (rows, x, y, text, more) => Plot.text(rows, { x, y, text, ...halo, fill: SECOND, textAnchor: "start", dx: 4, dy: -7, ...more });

  const drawings = {
    curve(told, width) {
      const points = rowsOf(told, ["q", "nines", "value_s", "low_s", "high_s", "metric"]);
      const sure = points.filter((one) => one.low_s != null && one.high_s != null);
      const top = Math.max(...points.map((one) => one.nines), 10);
      const ticks = [1, 2, 10, 100, 1e3, 1e4, 1e5, 1e6].filter((nines) => nines <= top * 1.01);
      const budget = told.budget.filter((one) => one.q != null);
      const limits = budget.map((one) => ({ ...one, nines: 1 / (1 - one.q) }));
      const named = points.filter((one) => one.metric);
      return Plot.plot({
        ...base, width, height: 300,
        x: { type: "log", domain: [1, Math.max(top, ...limits.map((one) => one.nines))], label: "percentile, on an axis of 1/(1 − q)", labelAnchor: "center", ticks, tickFormat: (nines) => percent(1 - 1 / nines) },
        y: time([...points.flatMap((one) => [one.value_s, one.low_s, one.high_s]), ...limits.map((one) => one.bound_s)]),
        marks: [
          Plot.areaY(sure, { x: "nines", y1: (one) => toMs(one.low_s), y2: (one) => toMs(one.high_s), fill: ACCENT, fillOpacity: 0.2 }),
          Plot.line(points, { x: "nines", y: (one) => toMs(one.value_s), stroke: ACCENT, strokeWidth: 2 }),
          Plot.dot(named, { x: "nines", y: (one) => toMs(one.value_s), r: 3.5, fill: ACCENT }),
          Plot.ruleY(limits, { y: (one) => toMs(one.bound_s), stroke: SECOND, strokeDasharray: "5 4" }),
          Plot.dot(limits, { x: "nines", y: (one) => toMs(one.bound_s), symbol: "times", stroke: SECOND, strokeWidth: 2, r: 5 }),
          worded(limits, 1, (one) => toMs(one.bound_s), "source"),
          pointed(points, "nines", (one) => toMs(one.value_s), (one) => `${one.metric ?? percent(one.q)}\n${inMs(one.value_s)}${within(one.low_s, one.high_s)}`),
        ],
      });
    },
    tail(told, width) {
      const points = rowsOf(told, ["time_s", "share"]);
      const limits = told.budget.filter((one) => one.q != null).map((one) => ({ ...one, share: 1 - one.q }));
      return Plot.plot({
        ...base, width, height: 300,
        x: time([...points.map((one) => one.time_s), ...limits.map((one) => one.bound_s)], { ...across, label: "longer than" }),
        y: { type: "log", label: "share of requests", grid: true, tickFormat: percent, ticks: 5 },
        marks: [
          told.failed_share > 0 ? Plot.ruleY([told.failed_share], { stroke: FAIL, strokeDasharray: "2 3" }) : null,
          Plot.line(points, { x: (one) => toMs(one.time_s), y: "share", stroke: ACCENT, strokeWidth: 2, curve: "step-after" }),
          Plot.dot(limits, { x: (one) => toMs(one.bound_s), y: "share", symbol: "times", stroke: SECOND, strokeWidth: 2, r: 5 }),
          worded(limits, (one) => toMs(one.bound_s), "share", "source", { textAnchor: "end", dx: -6 }),
          pointed(points, (one) => toMs(one.time_s), "share", (one) => `longer than ${inMs(one.time_s)}\n${percent(one.share)}`),
        ],
      });
    },
    heat(told, width) {
      const column = told.column_s, end = told.p50_s.length * column, edges = told.edges_s;
      const cells = told.columns.flatMap(([first, ...counts], at) => counts.map((many, more) => ({ from: at * column, to: (at + 1) * column, low: toMs(edges[first + more]), high: toMs(edges[first + more + 1]), many }))).filter((one) => one.many);
      const most = Math.max(1, ...cells.map((one) => one.many));
      const over = (values) => (values ?? []).map((value, at) => ({ at: (at + 0.5) * column, value: toMs(value) })).filter((one) => one.value != null);
      const curves = [["p99", over(told.p99_s), SECOND], ["p50", over(told.p50_s), "var(--text)"]];
      const ends = curves.filter(([, rows]) => rows.length).map(([name, rows, color]) => ({ name, color, ...rows[rows.length - 1] }));
      const x = { domain: [0, end], label: "due, seconds after the warm-up", labelAnchor: "center" };
      const above = Plot.plot({
        ...base, marginRight: 36, width, height: 300, x: told.lag ? { ...x, label: null } : x, y: time(cells.length ? [d3.min(cells, (one) => one.low) / 1e3, d3.max(cells, (one) => one.high) / 1e3] : []),
        marks: [
          Plot.rect(cells, { x1: "from", x2: "to", y1: "low", y2: "high", fill: ACCENT, fillOpacity: (one) => 0.08 + 0.87 * Math.sqrt(one.many / most), inset: 0, ariaLabel: null }),
          ...curves.map(([, rows, stroke]) => Plot.line(rows, { x: "at", y: "value", stroke, strokeWidth: 1.5 })),
          ...curves.map(([, rows, fill]) => (rows.length === 1 ? Plot.dot(rows, { x: "at", y: "value", fill, r: 3 }) : null)),
          ...ends.map((one) => Plot.text([one], { x: end, y: "value", text: () => one.name, ...halo, fill: one.color, textAnchor: "start", dx: 4 })),
          pointed(cells, (one) => (one.from + one.to) / 2, (one) => Math.sqrt(one.low * one.high), (one) => `${one.from}–${one.to} s\n${tick(one.low)} to ${tick(one.high)}\n${one.many} requests`),
          told.failed ? Plot.ruleX(told.failed.map((many, at) => ({ many, at: (at + 0.5) * column })).filter((one) => one.many), { x: "at", stroke: FAIL, strokeWidth: 2, insetTop: 240 }) : null,
        ],
      });
      if (!told.lag) return above;
      const lags = [["p99", over(told.lag.p99_s), SECOND], ["p50", over(told.lag.p50_s), "var(--text)"], ["max", over(told.lag.max_s), QUIET]];
      const beneath = Plot.plot({
        ...base, marginRight: 36, width, height: 150, x: { ...x, domain: [0, Math.max(end, told.lag.max_s.length * told.lag.column_s)] },
        y: { label: "send lag", grid: true, tickFormat: tick, ticks: 3, zero: true },
        marks: [
          Plot.ruleY([0], { stroke: "var(--line)" }),
          ...lags.map(([, rows, stroke]) => Plot.line(rows, { x: "at", y: "value", stroke, strokeWidth: 1.5 })),
          ...lags.map(([, rows, fill]) => (rows.length === 1 ? Plot.dot(rows, { x: "at", y: "value", fill, r: 3 }) : null)),
          ...lags.slice(2).filter(([, rows]) => rows.length).map(([name, rows, fill]) => Plot.text(rows.slice(-1), { x: end, y: "value", text: () => name, fill, textAnchor: "start", dx: 4 })),
          pointed(lags[0][1], "at", "value", (one) => `send lag p99 ${fixed(one.value, 1)} ms`),
        ],
      });
      return [above, beneath];
    },
    phases(told, width) {
      const stacked = [["client", told.client], ["CloudWatch", told.platform]].flatMap(([who, parts]) => (parts ?? []).map((one) => ({ who, phase: one.phase, mean: toMs(one.mean_s) })));
      const own = stacked.length ? stacked : (told.medians ?? []).filter((one) => one.p50_s != null).map((one) => ({ who: one.phase, phase: one.phase, mean: toMs(one.p50_s) }));
      const names = [...new Set(own.map((one) => one.phase))];
      return Plot.plot({
        ...base, marginLeft: 84, width, height: 110 + 34 * new Set(own.map((one) => one.who)).size,
        x: { label: stacked.length ? "mean, adding up" : "p50 of each, which do not add up", labelAnchor: "center", tickFormat: tick, grid: true, ticks: 5 }, y: { label: null },
        color: { domain: names, range: names.map((_, place) => PHASES[place % PHASES.length]), legend: true },
        marks: [
          Plot.barX(own, { x: "mean", y: "who", fill: "phase" }), Plot.ruleX([0]),
          Plot.tip(own, Plot.pointerX(Plot.stackX({ x: "mean", y: "who", title: (one) => `${one.phase}\n${fixed(one.mean, 3)} ms`, fill: "var(--raised)", stroke: "var(--line)" }))),
        ],
      });
    },
    errors(told, width) {
      const bars = Plot.plot({
        ...base, marginLeft: 130, width, height: 70 + 28 * told.kinds.length, x: { label: "requests", labelAnchor: "center", grid: true, ticks: 4, tickFormat: "~s" }, y: { label: null, domain: told.kinds.map((one) => one.kind), tickFormat: (name) => short(name, 18) },
        marks: [Plot.barX(told.kinds, { x: "requests", y: "kind", fill: FAIL }), Plot.text(told.kinds, { fill: "currentColor", x: "requests", y: "kind", text: (one) => `${one.requests}`, textAnchor: "start", dx: 4 }), Plot.ruleX([0])],
      });
      if (!told.per_second) return bars;
      const seconds = told.per_second.map((many, at) => ({ from: at, to: at + 1, many }));
      return [bars, Plot.plot({ ...base, width, height: 120, x: { label: "due, seconds after the warm-up", labelAnchor: "center" }, y: { label: "failed", ticks: 3, grid: true }, marks: [Plot.rectY(seconds, { x1: "from", x2: "to", y: "many", fill: FAIL, inset: 0 }), Plot.ruleY([0])] })];
    },
    remotes(told, width) {
      const rows = told.rows.flatMap((one) => ["p50", "p99"].map((metric) => ({ name: one.address, metric, ...one[metric] })));
      return ranges(rows, width, time(rows.flatMap((one) => [one.value, one.low, one.high]), across));
    },
    types(told, width) {
      const bars = (metric, label) => {
        const rows = told.families.flatMap(({ family, bars: those }) => those.filter((one) => one[metric]?.value != null).map((one) => ({ family, type: one.instance_type, ...one[metric] })));
        return Plot.plot({
          ...base, marginLeft: 110, marginRight: 70, width, height: 70 + 26 * rows.length + 14 * told.families.length, x: { label, labelAnchor: "center", tickFormat: tick, grid: true, ticks: 4, zero: true }, y: { label: null, domain: rows.map((one) => one.type) },
          marks: [
            Plot.barX(rows, { x: (one) => toMs(one.value), y: "type", fill: ACCENT, fillOpacity: 0.75, inset: 2 }),
            Plot.ruleY(rows.filter((one) => one.low != null && one.high != null), { x1: (one) => toMs(one.low), x2: (one) => toMs(one.high), y: "type", stroke: "var(--text)", strokeWidth: 1.5 }),
            Plot.text(rows, { x: (one) => toMs(one.high ?? one.value), y: "type", text: (one) => inMs(one.value), textAnchor: "start", dx: 5, ...halo }), Plot.ruleX([0]),
          ],
        });
      };
      return [bars("mean", "mean response time"), bars("p99", "p99 response time")];
    },
    paths(told, width) {
      const rows = told.differences.map((one) => ({ name: one.metric, metric: "difference", value: one.difference_s, low: one.low_s, high: one.high_s }));
      return ranges(rows, width, { label: `${short(told.second)} minus ${short(told.first)}`, labelAnchor: "center", tickFormat: tick, grid: true, ticks: 5 }, [Plot.ruleX([0], { strokeWidth: 1.5 })]);
    },
    rate(told, width) {
      const rows = told.points.filter((one) => one.p99.value != null).map((one) => ({ ...one, at: one.offered_per_s ?? one.achieved.value }));
      return scattered(rows, width, { label: "rate, requests per second", labelAnchor: "center", grid: true, nice: true }, [Plot.line(rows, { x: "at", y: (one) => toMs(one.p99.value), stroke: ACCENT })], () => ACCENT, (one) => `${short(one.case, 60)}\n${one.at}/s: p99 ${inMs(one.p99.value)}`);
    },
    cost(told, width) {
      const rows = told.points.filter((one) => one.p99.value != null).map((one) => ({ ...one, at: one.cost.value }));
      const front = rows.filter((one) => one.front);
      return scattered(rows, width, { label: "USD for a thousand requests", labelAnchor: "center", grid: true, nice: true, ticks: 5, tickFormat: (usd) => `${+usd.toPrecision(3)}` },
        [Plot.line(front, { x: "at", y: (one) => toMs(one.p99.value), stroke: SECOND, curve: "step-after" }), Plot.text(rows, { x: "at", y: (one) => toMs(one.p99.value), text: (one) => short(one.instance_type), textAnchor: "middle", dy: -11, ...halo })],
        (one) => (one.front ? SECOND : QUIET), (one) => `${short(one.case, 60)}\np99 ${inMs(one.p99.value)}, ${+one.at.toPrecision(3)} USD`);
    },
    history(told, width) {
      const rows = told.points.map((one, place) => ({ ...one, place: place + 1 })), known = rows.filter((one) => one.value.value != null), judged = rows.filter((one) => one.bound_s != null);
      const begun = new Set(told.changes);
      return Plot.plot({
        ...base, width, height: 260, x: { label: "run, oldest first", labelAnchor: "center", ticks: Math.min(rows.length, 10), tickFormat: (place) => (Number.isInteger(place) ? `${place}` : ""), domain: [0.5, rows.length + 0.5] }, y: { label: told.metric, grid: true, tickFormat: tick, ticks: 5, nice: true },
        marks: [
          Plot.areaY(judged, { x: "place", y1: (one) => toMs(one.expected_s), y2: (one) => toMs(one.bound_s), fill: QUIET, fillOpacity: 0.2 }),
          Plot.line(judged, { x: "place", y: (one) => toMs(one.bound_s), stroke: QUIET, strokeDasharray: "4 3" }),
          Plot.ruleX(rows.filter((_, place) => begun.has(place)), { x: (one) => one.place - 0.5, stroke: SECOND }),
          Plot.ruleX(known.filter((one) => one.value.low != null && one.value.high != null), { x: "place", y1: (one) => toMs(one.value.low), y2: (one) => toMs(one.value.high), stroke: ACCENT }),
          Plot.line(known, { x: "place", y: (one) => toMs(one.value.value), stroke: ACCENT, strokeOpacity: 0.5 }),
          Plot.dot(known, { x: "place", y: (one) => toMs(one.value.value), r: 4, fill: (one) => (one.beyond ? FAIL : one.trusted ? ACCENT : QUIET), symbol: (one) => (one.beyond ? "triangle" : "circle") }),
          pointed(known, "place", (one) => toMs(one.value.value), (one) => `${one.started_at}\n${inMs(one.value.value)}${within(one.value.low, one.value.high)}\n${short(one.commit, 12)} ${one.outcome ?? ""}`),
        ],
        symbol: { type: "identity" }, color: { type: "identity" },
      });
    },
  };

  function ranges(given, width, x, more = []) {
    const rows = given.filter((one) => one.value != null).map((one) => ({ ...one, at: `${one.name}` }));
    const several = new Set(rows.map((one) => one.metric)).size > 1;
    const color = (one) => (one.metric === "p99" ? SECOND : ACCENT);
    return Plot.plot({
      ...base, marginLeft: 120, marginRight: 50, width, height: 80 + 34 * new Set(rows.map((one) => one.at)).size, x, y: { label: null, domain: [...new Set(rows.map((one) => one.at))], tickFormat: (name) => short(name, 16), type: "point" },
      marks: [
        ...more,
        Plot.ruleY(rows.filter((one) => one.low != null && one.high != null), { x1: (one) => toMs(one.low), x2: (one) => toMs(one.high), y: "at", stroke: color, strokeWidth: 2 }),
        Plot.dot(rows, { x: (one) => toMs(one.value), y: "at", fill: color, r: 4 }),
        several ? Plot.text(rows, { x: (one) => toMs(one.value), y: "at", text: "metric", ...halo, fill: color, dy: -11 }) : null,
        pointed(rows, (one) => toMs(one.value), "at", (one) => `${short(one.name, 60)} ${one.metric}\n${inMs(one.value)}${within(one.low, one.high)}`),
      ],
    });
  }

  function scattered(rows, width, x, more, color, title) {
    return Plot.plot({
      ...base, marginRight: 50, width, height: 300, x, y: time(rows.flatMap((one) => [one.p99.value, one.p99.low, one.p99.high]), { label: "p99" }),
      marks: [
        Plot.ruleX(rows.filter((one) => one.p99.low != null && one.p99.high != null), { x: "at", y1: (one) => toMs(one.p99.low), y2: (one) => toMs(one.p99.high), stroke: color }),
        ...more, Plot.dot(rows, { x: "at", y: (one) => toMs(one.p99.value), r: 4.5, stroke: color, strokeWidth: 1.5, fill: (one) => (one.at_most ? "var(--ground)" : color(one)) }),
        pointed(rows, "at", (one) => toMs(one.p99.value), title),
      ],
    });
  }

  function draw(place, width) {
    const told = series[place.dataset.figure], figure = place.closest("figure");
    const drawn = [drawings[told.kind](told.series, width)].flat();
    for (const one of drawn) {
      const svg = one.tagName.toLowerCase() === "svg" ? one : [...one.querySelectorAll("svg")].pop();
      svg.setAttribute("role", "img");
      svg.setAttribute("aria-label", `${told.title}. ${figure.querySelector("figcaption p").textContent} The numbers are in the table below.`);
    }
    place.replaceChildren(...drawn);
    place.dataset.width = width;
    place.dataset.drawn = "";
  }

  const wanted = (place) => Math.max(280, Math.round(place.clientWidth));
  const queue = new Set();
  let asked = false;
  function next() {
    const until = performance.now() + 24;
    for (const place of queue) {
      queue.delete(place);
      if (place.clientWidth && Math.abs(Number(place.dataset.width ?? 0) - wanted(place)) > 8) draw(place, wanted(place));
      if (performance.now() > until) break;
    }
    asked = queue.size > 0;
    if (asked) setTimeout(next);
  }
  function ask(place) {
    queue.add(place);
    if (!asked) { asked = true; setTimeout(next); } // sizes are told in a frame, which is painted first
  }
  const places = [...document.querySelectorAll(".plot[data-figure]")];
  const resized = new ResizeObserver((seen) => seen.forEach((one) => ask(one.target)));
  places.forEach((place) => resized.observe(place));

  function unfold() {
    document.querySelectorAll("details.case").forEach((one) => { one.open = true; });
    places.forEach((place) => draw(place, place.closest("figure").classList.contains("heat") ? 680 : 340));
  }
  addEventListener("beforeprint", unfold);
  function follow() {
    const there = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (there instanceof HTMLDetailsElement) { there.open = true; there.scrollIntoView(); there.querySelector("summary").focus({ preventScroll: true }); }
  }
  addEventListener("hashchange", follow);
  follow();

  document.querySelectorAll(".copy").forEach((button) => { button.hidden = false; });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest(".copy");
    if (!button) return;
    const rows = [...button.closest("table").querySelectorAll("tr")].map((row) => [...row.cells].map((cell) => cell.textContent.trim()).join("\t"));
    try { await navigator.clipboard.writeText(rows.join("\n")); document.getElementById("told").textContent = "Table copied"; button.textContent = "copied"; }
    catch { getSelection().selectAllChildren(button.closest("table")); document.getElementById("told").textContent = "Table selected; copy it with the keyboard"; button.textContent = "selected"; }
  });
})();
