// Residents' pages. All of them work without this file: it keeps a draft in this window, uses the position when asked,
// hides what a choice makes needless, copies and prints the receipt. Words come from the page.
const DRAFT = "speak";
const form = document.querySelector("form[data-speak]");

if (form) {
  const field = (name) => form.elements.namedItem(name);
  const kept = ["text", "where", "child"];

  // --- the draft: never the number, the position or a choice to join
  const save = () => sessionStorage.setItem(DRAFT, JSON.stringify({
    text: field("text").value, where: field("where").value, child: field("child").checked, voice: field("voice").value,
  }));
  const restore = () => {
    const words = JSON.parse(sessionStorage.getItem(DRAFT) ?? "null");
    if (!words || field("text").value || field("where").value) return;
    for (const name of kept) {
      if (name === "child") field(name).checked = Boolean(words[name]); else field(name).value = words[name] ?? "";
    }
    const voice = form.querySelector(`[name=voice][value="${CSS.escape(words.voice ?? "open")}"]`);
    if (voice) voice.checked = true;
  };
  restore();

  // --- nobody's number is asked of a child or of somebody anonymous
  const person = form.querySelector("[data-person]");
  const fit = () => {
    const nobody = field("voice").value === "anonymous" || field("child").checked;
    person.hidden = nobody;
    field("tel").disabled = nobody;
    for (const option of form.querySelectorAll(".opt")) {
      option.classList.toggle("on", Boolean(option.querySelector("input")?.checked));
    }
  };
  form.addEventListener("input", () => { save(); });
  form.addEventListener("change", () => { fit(); save(); });
  addEventListener("pageshow", fit);
  fit();

  // --- the place that was found stands alone until somebody wants another
  const where = form.querySelector("[data-where]");
  const place = () => {
    const found = form.querySelector("#seen-place [data-found] [data-change-place]");
    where.hidden = Boolean(found) && !field("where").value && !field("lng").value && !where.dataset.wanted;
  };
  form.addEventListener("click", (e) => {
    if (!e.target.closest("[data-change-place]")) return;
    where.dataset.wanted = "1";
    place();
    field("where").focus();
  });
  form.addEventListener("click", (e) => {  // a door that is picked is said as an address: it may be read and changed
    const door = e.target.closest("[data-door]");
    if (!door) return;
    where.dataset.wanted = "1";
    place();
    field("where").value = door.dataset.door;
    field("where").focus();
    field("where").dispatchEvent(new Event("input", { bubbles: true }));
  });
  document.addEventListener("htmx:oobAfterSwap", place);
  document.addEventListener("htmx:afterSettle", place);

  // --- the position: only when pressed, only once
  const here = form.querySelector("[data-here]");
  if (navigator.geolocation && here) {
    const told = here.querySelector("[data-here-told]");
    const off = here.querySelector("[data-here-off]");
    const put = (lng, lat, accuracy) => {
      field("lng").value = lng; field("lat").value = lat; field("accuracy").value = accuracy;
      off.hidden = lng === "";
      field("where").dispatchEvent(new Event("input", { bubbles: true }));
      window.htmx?.trigger(field("text"), "input");
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
}

// --- the receipt: what was sent needs no draft any more
if (document.querySelector("[data-receipt]")) sessionStorage.removeItem(DRAFT);
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    document.dispatchEvent(new CustomEvent("toast", { detail: { value: button.dataset.copied } }));
  });
}
