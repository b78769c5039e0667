// Pages of those who work on cases. Without this file every button still works: it sends the form.

// an act named in the address stands open
function reveal(id) {
  const part = id && document.getElementById(id);
  const fold = part?.querySelector("details");
  if (fold) fold.open = true;
  part?.querySelector("form :is(input:not([type=hidden]), textarea)")?.focus();
}
if (["#return", "#contact", "#progress", "#reply"].includes(location.hash)) reveal(location.hash.slice(1));
addEventListener("hashchange", () => reveal(location.hash.slice(1)));

// a file that is not done asks for its next part
document.querySelector("form[data-goes-on]")?.requestSubmit();

// the community's border is darker than a road; a chosen cell opens its list
document.addEventListener("map:ready", (e) => {
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  e.detail.map.addLayer({
    id: "community", type: "line", source: "rows", filter: ["==", ["get", "kind"], "community"],
    paint: { "line-color": css("ink-2"), "line-width": 1.5 },
  }, "chosen");
});
document.addEventListener("map:chosen", (e) => {
  const row = e.detail.code && document.querySelector(`#grids [data-code="${CSS.escape(e.detail.code)}"]`);
  if (!row) return;
  for (const other of document.querySelectorAll("#grids tr.on")) other.classList.remove("on");
  row.closest("tr").classList.add("on");
  row.scrollIntoView({ block: "nearest" });
});

// the position of this device: only when pressed, only once
const here = document.querySelector("form:not([data-speak]) [data-here]");
if (navigator.geolocation && here) {
  const told = here.querySelector("[data-here-told]"), off = here.querySelector("[data-here-off]");
  const put = (...given) => {
    ["lng", "lat", "accuracy"].forEach((name, i) => { here.closest("form").elements.namedItem(name).value = given[i]; });
    off.hidden = given[0] === "";
  };
  here.hidden = false;
  here.querySelector("[data-here-on]").addEventListener("click", () => {
    told.textContent = told.dataset.asking;
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      put(coords.longitude, coords.latitude, Math.round(coords.accuracy));
      told.textContent = told.dataset.got.replace("{m}", Math.round(coords.accuracy).toLocaleString("en"));
    }, () => { told.textContent = told.dataset.no; }, { enableHighAccuracy: true, timeout: 15000, maximumAge: 0 });
  });
  off.addEventListener("click", () => { put("", "", ""); told.textContent = ""; });
}
