// The map panel. Blank ground, our own GeoJSON, labels drawn by this device: no request leaves our host.
// <div class="map map-live" data-map data-source="/api/…" data-worker="/static/…" data-label="…" data-off-word="…"
//      [data-fill="q|k|none"] [data-pick="field-id"] [data-list="id of the list with the same rows"]></div>
// What is too much to draw whole comes in vector tiles of our own: { features: […], tiled: { layer, tiles, least_z, most_z, bounds } };
// a row of the list then says its own data-box="west,south,east,north".
// A feature may carry: name, code, fill (q1…q5, k1…k8), changed (true: ochre outline), kind ("area" | "line" | "point" | "water").
const gl = window.maplibregl;
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const FILLS = ["q1", "q2", "q3", "q4", "q5", "k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8", "water"];

function style(tiled) {
  const fill = ["match", ["get", "fill"], ...FILLS.flatMap((name) => [name, css(name)]), css("q1")];
  const text = { "text-color": css("ink"), "text-halo-color": css("surface"), "text-halo-width": 2 };
  const rows = { type: "geojson", data: { type: "FeatureCollection", features: [] }, promoteId: "code" };
  const chosen = ["case", ["boolean", ["feature-state", "chosen"], false], 4, 0];
  const of = tiled && { source: "tiled", "source-layer": tiled.layer };
  const address = tiled && {
    type: "vector", tiles: [`${location.origin}${tiled.tiles}`], minzoom: tiled.least_z, maxzoom: tiled.most_z,
    bounds: tiled.bounds, promoteId: { [tiled.layer]: "code" },
  };
  const below = !tiled ? [] : [
    { id: "tiled-fill", type: "fill", ...of, paint: { "fill-color": ["match", ["get", "kind"], "special", css("k3"), css("q1")], "fill-opacity": 0.85 } },
    { id: "tiled-edge", type: "line", ...of, paint: { "line-color": css("surface"), "line-width": ["interpolate", ["linear"], ["zoom"], 9, 0.2, 14, 1.5] } },
    { id: "tiled-chosen", type: "line", ...of, paint: { "line-color": css("ink"), "line-width": chosen } },
    { id: "tiled-name", type: "symbol", ...of, minzoom: 13, layout: { "text-field": ["get", "name"], "text-size": 14, "text-font": ["sans-serif"] }, paint: text },
  ];
  return {
    version: 8,
    sources: tiled ? { rows, tiled: address } : { rows },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": css("paper") } },
      ...below,
      { id: "water", type: "fill", source: "rows", filter: ["==", ["get", "kind"], "water"], paint: { "fill-color": css("water") } },
      { id: "fill", type: "fill", source: "rows", filter: ["all", ["==", ["geometry-type"], "Polygon"], ["!=", ["get", "kind"], "water"]], paint: { "fill-color": fill, "fill-opacity": 0.85 } },
      { id: "edge", type: "line", source: "rows", filter: ["==", ["geometry-type"], "Polygon"], paint: { "line-color": css("surface"), "line-width": 1.5 } },
      { id: "line", type: "line", source: "rows", filter: ["==", ["geometry-type"], "LineString"], paint: { "line-color": css("line-2"), "line-width": 2 } },
      { id: "changed", type: "line", source: "rows", filter: ["==", ["get", "changed"], true], paint: { "line-color": css("near"), "line-width": 4 } },
      { id: "chosen", type: "line", source: "rows", paint: { "line-color": css("ink"), "line-width": chosen } },
      { id: "point", type: "circle", source: "rows", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 6, "circle-color": css("brand"), "circle-stroke-color": css("surface"), "circle-stroke-width": 2 } },
      { id: "name", type: "symbol", source: "rows", filter: ["has", "name"], layout: { "text-field": ["get", "name"], "text-size": 14, "text-font": ["sans-serif"], "text-anchor": ["match", ["geometry-type"], "Point", "top", "center"], "text-offset": ["match", ["geometry-type"], "Point", ["literal", [0, 0.7]], ["literal", [0, 0]]] }, paint: text },
    ],
  };
}

function bounds(data) {
  const box = new gl.LngLatBounds();
  const walk = (c) => (typeof c[0] === "number" ? box.extend(c) : c.forEach(walk));
  for (const f of data.features) if (f.geometry) walk(f.geometry.coordinates);
  if (data.tiled) box.extend(data.tiled.bounds.slice(0, 2)).extend(data.tiled.bounds.slice(2));
  return box;
}

function give_up(panel) {
  panel.classList.remove("map-live");
  panel.classList.add("map-off");
  panel.textContent = panel.dataset.offWord;
}

async function draw(panel) {
  gl.setWorkerUrl(panel.dataset.worker);
  const answer = await fetch(panel.dataset.source, { headers: { Accept: "application/geo+json, application/json" } });
  if (!answer.ok) return give_up(panel);
  const data = await answer.json();
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = new gl.Map({
    container: panel,
    style: style(data.tiled),
    bounds: bounds(data),
    fitBoundsOptions: { padding: 24, animate: false },
    localIdeographFontFamily: css("font"),
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    maxPitch: 0,
    fadeDuration: still ? 0 : 200,
    cooperativeGestures: false,
    scrollZoom: false,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new gl.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new gl.ScaleControl({ unit: "metric" }), "bottom-left");
  const canvas = map.getCanvas();
  canvas.setAttribute("aria-label", panel.dataset.label);
  canvas.setAttribute("role", "region");
  map.once("load", () => {
    map.getSource("rows").setData(data);
    panel.dataset.drawn = "1";
    panel.dispatchEvent(new CustomEvent("map:ready", { bubbles: true, detail: { map } })); // a page may add its own layers
  });
  pick(map, panel, data);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    map.setStyle(style(data.tiled), { diff: false });
    map.once("styledata", () => map.getSource("rows").setData(data));
  });
  return map;
}

// a place is chosen by pointer, or by arrows and Enter: the middle of the map is the cursor
function pick(map, panel, data) {
  let chosen = null;
  const marked = (code, is) => {
    if (code === null) return;
    map.setFeatureState({ source: "rows", id: code }, { chosen: is });
    if (data.tiled) map.setFeatureState({ source: "tiled", sourceLayer: data.tiled.layer, id: code }, { chosen: is });
  };
  const choose = (code) => {
    marked(chosen, false);
    chosen = code;
    marked(code, true);
    panel.dispatchEvent(new CustomEvent("map:chosen", { bubbles: true, detail: { code } }));
  };
  const at = (point, place) => {
    const found = map.queryRenderedFeatures(point, { layers: ["point", "fill", "line", ...(data.tiled ? ["tiled-fill"] : [])] })[0];
    if (found) choose(found.properties.code ?? null);
    panel.dispatchEvent(new CustomEvent("map:place", { bubbles: true, detail: { lng: place.lng, lat: place.lat } }));
    const field = panel.dataset.pick && document.getElementById(panel.dataset.pick);
    if (field) {
      field.value = `${place.lng.toFixed(6)},${place.lat.toFixed(6)}`;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
  };
  map.on("click", (e) => at(e.point, e.lngLat));
  map.getCanvas().addEventListener("keydown", (e) => {
    if (e.key === "Enter") at(map.project(map.getCenter()), map.getCenter());
  });
  const list = panel.dataset.list && document.getElementById(panel.dataset.list);
  list?.addEventListener("click", (e) => {
    const said = e.target.closest("[data-code]")?.dataset;
    const feature = data.features.find((f) => String(f.properties.code) === said?.code);
    if (!feature && !said?.box) return;
    choose(feature ? feature.properties.code : said.code);
    const [west, south, east, north] = (said.box ?? "").split(",").map(Number);
    const box = feature ? bounds({ features: [feature] }) : [[west, south], [east, north]];
    map.fitBounds(box, { padding: 48, animate: false, maxZoom: 17 });
  });
}

for (const panel of document.querySelectorAll("[data-map]")) {
  if (!gl) give_up(panel);
  else draw(panel).catch(() => give_up(panel));
}
