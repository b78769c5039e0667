// Who else has this case open: a sign now and every 30 seconds while the page is in sight; one when it closes.
// Without this file nothing is said and nothing is shown.
const box = document.getElementById("here");
const screen = [...crypto.getRandomValues(new Uint8Array(8))].map((n) => n.toString(16).padStart(2, "0")).join("");
const token = () => document.querySelector("input[name=csrfmiddlewaretoken]")?.value
  ?? JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"] ?? "";
const said = (more) => {
  const form = new FormData();
  for (const [name, value] of Object.entries({ screen, csrfmiddlewaretoken: token(), ...more })) form.append(name, value);
  return form;
};
async function sign() {
  if (document.hidden) return;
  try {
    const answer = await fetch(box.dataset.hereUrl, { method: "POST", body: said({}), headers: { "X-CSRFToken": token() } });
    if (!answer.ok) return;
    const html = await answer.text();
    const told = new DOMParser().parseFromString(html, "text/html").body;
    if (told.textContent.trim() !== box.textContent.trim()) box.replaceChildren(...told.childNodes);
  } catch { /* the network is away; the next sign tells */ }
}
if (box) {
  sign();
  setInterval(sign, 30000);
  document.addEventListener("visibilitychange", sign);
  addEventListener("pagehide", () => navigator.sendBeacon(box.dataset.hereUrl, said({ left: "1" })));
}
