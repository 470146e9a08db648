// Draws the plots of the page: each is an object in #plots, by the id of its place.
const plots = JSON.parse(document.getElementById("plots").textContent);
const drawn = new Map();

async function draw(id) {
  const place = document.getElementById(id);
  const width = Math.floor(place.clientWidth);
  if (!width || drawn.get(id)?.width === width) return;
  drawn.get(id)?.view?.finalize();
  drawn.set(id, { width });
  const spec = structuredClone(plots[id]);
  const padding = spec.config.padding;
  // A plot of several panels cannot fit itself to its place.
  for (const panel of spec.vconcat ?? [])
    panel.width = width - spec.config.axisY.minExtent - padding.left - padding.right - 8;
  if (!spec.vconcat && spec.width === "container") spec.autosize = { type: "fit-x", contains: "padding" };
  const { view } = await vegaEmbed(place, spec, {
    actions: false, renderer: "svg", ast: true, mode: "vega-lite",
    tooltip: { theme: "custom" },
  });
  drawn.set(id, { width, view });
}

async function drawAll() {
  for (const id of Object.keys(plots)) await draw(id);
  document.documentElement.dataset.drawn = "yes";
}

let waiting;
addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(drawAll, 150); });
addEventListener("beforeprint", () => { for (const one of document.querySelectorAll("details.print")) one.open = true; });
drawAll();
