// What tests ask of a page, by name. Each gets one argument, and returns what JSON can say.
({
  // Plots that can be seen and are not drawn, after waiting for them until a time since the page began to load.
  undrawn: (until_ms) => new Promise((done) => {
    const waiting = () => [...document.querySelectorAll(".plot")].filter((one) => one.checkVisibility() && one.dataset.drawn === undefined);
    const look = () => (waiting().length && performance.now() < until_ms ? setTimeout(look, 10) : done(waiting().map((one) => one.dataset.figure)));
    look();
  }),
  // Likewise those that are not as wide as their place, as after a change of the window.
  unfitted: (until_ms) => new Promise((done) => {
    const misses = (one) => Math.abs(Number(one.dataset.width) - Math.max(280, one.clientWidth)) > 8;
    const waiting = () => [...document.querySelectorAll(".plot")].filter((one) => one.checkVisibility() && misses(one));
    const look = () => (waiting().length && performance.now() < until_ms ? setTimeout(look, 10) : done(waiting().map((one) => one.dataset.figure)));
    look();
  }),
  unfold: (which) => document.querySelectorAll(which).forEach((one) => { one.open = true; }),
  count: (which) => document.querySelectorAll(which).length,
  visible: (which) => [...document.querySelectorAll(which)].filter((one) => one.checkVisibility()).length,
  texts: (which) => [...document.querySelectorAll(which)].map((one) => one.textContent.trim()),
  style: ([which, property]) => getComputedStyle(document.querySelector(which))[property],
  // Shapes in each plot, by the name of its figure.
  marks: () => Object.fromEntries([...document.querySelectorAll(".plot")].map((place) => [
    place.dataset.figure, place.querySelectorAll("svg [aria-label] :is(path, circle, rect, line, text)").length])),
  // Where the first dots of each plot of a kind stand, read backwards from its axis.
  points: (kind) => Object.fromEntries([...document.querySelectorAll(`figure.${kind} .plot`)].map((place) => {
    const drawn = place.querySelector("svg"), y = drawn.scale("y");
    const groups = [...drawn.querySelectorAll('[aria-label="dot"]')].map((group) => [...group.querySelectorAll("circle")]);
    return [place.dataset.figure, (groups.find((those) => those.length) ?? []).map((dot) => y.invert(Number(dot.getAttribute("cy"))))];
  })),
  // The rows of a table of each case, by the beginning of its caption.
  rows: (caption) => [...document.querySelectorAll("details.case")].map((one) => {
    const table = [...one.querySelectorAll("table")].find((table) => table.caption.textContent.startsWith(caption));
    return [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim()));
  }),
  // Of each figure, how many rows its table has and what is said of its drawings to who does not see them.
  figures: () => [...document.querySelectorAll("main figure:has(.plot)")].map((figure) => [
    figure.querySelectorAll("details.numbers tbody tr").length,
    [...figure.querySelectorAll('.plot svg[role="img"]')].map((one) => one.getAttribute("aria-label"))]),
  times: () => {
    const [navigation] = performance.getEntriesByType("navigation");
    const first = performance.getEntriesByType("paint").find((one) => one.name === "first-contentful-paint");
    return { first_ms: first.startTime, parsed_ms: navigation.domInteractive, loaded_ms: navigation.loadEventEnd, now_ms: performance.now() };
  },
  // What has the focus, and whether that can be seen; it is marked as reached.
  focused: () => {
    const one = document.activeElement, style = getComputedStyle(one);
    one.dataset.reached = "";
    return { shown: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0, html: one.outerHTML.slice(0, 120) };
  },
  unreached: (which) => [...document.querySelectorAll(which)]
    .filter((one) => one.checkVisibility() && one.dataset.reached === undefined).map((one) => one.outerHTML.slice(0, 120)),
  has_focus: (which) => document.activeElement === document.querySelector(which),
  is_open: (which) => document.querySelector(which).open,
  // What a selection by hand would copy of an element, and the text that it shows.
  selected: (which) => {
    const one = document.querySelector(which);
    getSelection().selectAllChildren(one);
    return [getSelection().toString(), one.textContent];
  },
  clipboard: () => navigator.clipboard.readText(),
  sideways: () => document.documentElement.scrollWidth,
  // Boxes that hold more than they show.
  scrolling: (which) => [...document.querySelectorAll(which)]
    .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => `${one.scrollWidth} in ${one.clientWidth}`),
  // What reaches beyond a width and is in no box that scrolls by itself.
  wider: (width) => [...document.querySelectorAll("main *")]
    .filter((one) => one.checkVisibility() && !one.closest(".wide, .said, svg, .unseen, .skip") && one.getBoundingClientRect().right > width + 1)
    .map((one) => one.outerHTML.slice(0, 120)).slice(0, 5),
  // Words of plots that reach out of their drawing by more than a letter or two.
  cut: () => [...document.querySelectorAll(".plot svg")].flatMap((svg) => {
    const box = svg.getBoundingClientRect();
    return [...svg.querySelectorAll("text")].filter((one) => one.textContent && !one.closest('[aria-label="tip"]'))
      .filter((one) => { const at = one.getBoundingClientRect(); return at.width && (at.left < box.left - 12 || at.right > box.right + 12); })
      .map((one) => `${svg.closest("figure[id]").id}: ${one.textContent}`);
  }),
  brightness: (colour) => colour.match(/[0-9]+/g).slice(0, 3).reduce((sum, one) => sum + Number(one), 0),
  // The left edges of the cells of the row in which a text stands.
  lefts: (text) => [...[...document.querySelectorAll("table.cases tbody tr")].find((one) => one.textContent.includes(text)).cells]
    .map((cell) => cell.getBoundingClientRect().left),
  straighten: (which) => { document.querySelector(which).style.transform = "none"; },
  before_print: () => { dispatchEvent(new Event("beforeprint")); },
  // Of a drawing the label is read (role="img"), not its thousand shapes, which would take axe minutes; cases are alike.
  lighten: () => {
    document.querySelectorAll(".plot svg").forEach((one) => one.replaceChildren());
    document.querySelectorAll("details.case:nth-of-type(n + 3), table.cases tbody tr:nth-of-type(n + 3)").forEach((one) => one.remove());
  },
  violations: () => axe.run(document, { resultTypes: ["violations"] })
    .then((told) => told.violations.map((one) => [one.impact, one.id, one.help, one.nodes.slice(0, 3).map((node) => node.html.slice(0, 150))])),
  rules: () => axe.getRules().length,
});
