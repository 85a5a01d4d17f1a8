// Draws each figure when it is seen, once more where its width changes, and all of them to print; unfolds what a link names.
function draw(place, width) {
  const told = series[place.dataset.figure], figure = place.closest("figure");
  place.dataset.width = width;
  place.dataset.drawn = "";
  try {
    const drawn = [drawings[told.kind](told.series, width)].flat();
    for (const one of drawn) {
      const svg = one.tagName.toLowerCase() === "svg" ? one : [...one.querySelectorAll("svg")].pop();
      svg.setAttribute("role", "img");
      svg.setAttribute("aria-label", `${told.title}. ${figure.querySelector("figcaption p").textContent} The numbers are in the table below.`);
    }
    place.replaceChildren(...drawn);
  } catch (error) { // the others are drawn all the same
    place.textContent = "This figure cannot be drawn; its numbers are in the table below.";
    reportError(error);
  }
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

const folded = new Set();
addEventListener("beforeprint", () => {
  document.querySelectorAll("details.case:not([open]):not([hidden])").forEach((one) => { folded.add(one); one.open = true; });
  places.forEach((place) => draw(place, place.closest("figure").matches(".heat, .types") ? 680 : 340));
});
addEventListener("afterprint", () => { folded.forEach((one) => { one.open = false; }); folded.clear(); });

function follow() {
  const there = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (there instanceof HTMLDetailsElement) {
    there.hidden = false;
    there.open = true;
    there.scrollIntoView();
    there.querySelector("summary").focus({ preventScroll: true });
  }
}
addEventListener("hashchange", follow);
follow();
