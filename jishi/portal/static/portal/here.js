// "My grid": the position of this device, only when pressed and only once. Words come from the page.
for (const box of document.querySelectorAll("[data-pin]")) {
  if (!navigator.geolocation) continue;
  const form = box.closest("form");
  const told = box.querySelector("[data-here-told]");
  const off = box.querySelector("[data-here-off]");
  const put = (lng, lat, accuracy) => {
    for (const [name, value] of Object.entries({ lng, lat, accuracy })) form.elements.namedItem(name).value = value;
    off.hidden = lng === "";
  };
  box.hidden = false;
  box.querySelector("[data-here-on]").addEventListener("click", () => {
    told.textContent = told.dataset.asking;
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      put(coords.longitude, coords.latitude, Math.round(coords.accuracy));
      told.textContent = told.dataset.got.replace("{m}", Math.round(coords.accuracy).toLocaleString("en"));
    }, () => { told.textContent = told.dataset.no; }, { enableHighAccuracy: true, timeout: 15000, maximumAge: 0 });
  });
  off.addEventListener("click", () => { put("", "", ""); told.textContent = ""; });
}
