// The pocket: what a grid worker has with him. It works without network: this device first, the server when it can.
import * as clock from "./clock.js";
import * as errands from "./errands.js";
import * as forms from "./forms.js";
import * as lock from "./lock.js";
import * as photos from "./photos.js";
import * as queue from "./queue.js";
import * as spots from "./spots.js";
import * as store from "./store.js";
import * as voice from "./voice.js";

const $ = (id) => document.getElementById(id);
const { content: owner, dataset: { at: made, box } } = document.querySelector("meta[name=jishi-owner]");
const LANG = document.documentElement.lang === "en" ? "en-GB" : "zh-CN";
const PATIENCE = 4000, EVERY = 60_000, SOON = 5000, SPOTS_LIVE = 12 * 3_600_000;

const said = new Map([...$("words").content.querySelectorAll("[data-w]")].map((w) => [w.dataset.w, w.textContent]));
const say = (name, facts = {}) => (said.get(name) ?? name).replace(/\{(\w+)\}/g, (_, f) => facts[f] ?? "");
forms.speak(say);

const day = (at) => new Date(at).toLocaleDateString(LANG, { month: "short", day: "numeric", weekday: "short" });
const time = (at) => new Date(at).toLocaleTimeString(LANG, { hour: "2-digit", minute: "2-digit" });
const isToday = (at) => new Date(at).toDateString() === new Date().toDateString();
const moment = (at) => (isToday(at) ? `${say("today")} ${time(at)}` : `${day(at)} ${time(at)}`);

function button(words, look, act) {
  const made = Object.assign(document.createElement("button"), { type: "button", className: `btn ${look}`, textContent: words });
  made.addEventListener("click", act);
  return made;
}
// One drawing after the other: one that began before a change may not end after the one that shows it.
function inTurn(draw) {
  let last = Promise.resolve();
  return () => { last = last.catch(() => {}).then(draw); return last; };
}
const of = (template) => $(template).content.firstElementChild.cloneNode(true);
const one = (template, name) => $(template).content.querySelector(`[data-for="${name}"]`).cloneNode(true);
const part = (node, name) => node.querySelector(`[data-${name}]`);

// --- screens
const SCREENS = [...document.querySelectorAll("[data-screen]")];
function show() {
  const wanted = location.hash.slice(1);
  const screen = SCREENS.find((s) => s.dataset.screen === wanted) ?? SCREENS[0];
  for (const each of SCREENS) each.hidden = each !== screen;
  $("title").textContent = screen.dataset.title;
  $("sub").textContent = screen.dataset.screen === "today" ? day(Date.now()) : "";
  document.title = document.title.replace(/^[^·]*/, `${screen.dataset.title} `);
  for (const link of document.querySelectorAll(".dock a, .bar-nav a")) {
    if (link.hash === `#${screen.dataset.screen}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}
addEventListener("hashchange", () => { show(); scrollTo(0, 0); $("title").focus({ preventScroll: true }); });

// what was pressed is said once, above; it covers nothing
let hide;
function noted(words = say("kept")) {
  $("noted").textContent = words;
  $("noted").hidden = false;
  clearTimeout(hide);
  hide = setTimeout(() => { $("noted").hidden = true; }, 10_000);
}

// --- errands and rounds
async function press(errand, verb, more = {}, words = "") {
  if (!errand.mine && verb !== "take") await queue.add("errand.take", { errand: errand.number }, errand.place);
  const shots = verb === "finish" || verb === "cannot" ? `errand:${errand.number}` : "";
  await queue.add(`errand.${verb}`, { errand: errand.number, ...more }, [errand.place, words].filter(Boolean).join(" · "), shots);
  noted();
}

// the end of a day is said as that day
function dueWords(at, late) {
  const last = new Date(Date.parse(at) - 1), isDay = time(at) === time(new Date(2026, 0, 1));
  if (isDay && !late) return say("due-day", { day: isToday(last) ? say("today") : day(last) });
  return say(late ? "late" : "due", { when: isDay ? day(last) : moment(at) });
}

function errandItem(errand) {
  const item = of("t-errand");
  item.dataset.number = errand.number;
  const late = Date.parse(errand.due_at) < Date.now();
  part(item, "kind").textContent = say(`kind.${errand.kind}`);
  part(item, "due").textContent = dueWords(errand.due_at, late);
  part(item, "due").classList.add(...(late ? ["late"] : isToday(Date.parse(errand.due_at) - 1) ? ["near"] : []));
  part(item, "place").textContent = errand.place;
  part(item, "grid").textContent = errand.grid ? ` · ${errand.grid}` : "";
  part(item, "what").textContent = errand.what ?? "";
  part(item, "case").textContent = errand.case_title ? say("of-case", { title: errand.case_title }) : "";
  part(item, "free").hidden = !errand.free;
  const acts = part(item, "acts");
  for (const finding of errand.findings) {
    const word = say(`finding.${finding}`);
    acts.append(button(word, "", () => press(errand, "finish", { finding }, word)));
  }
  if (!errand.mine) acts.prepend(button(say("act.take"), "go", () => press(errand, "take")));
  if (errand.mine) {
    acts.append(button(say("act.find"), "", () => reportFrom(errand)), button(say("act.put_back"), "text", () => press(errand, "put_back")));
    shoot(part(item, "photos"), `errand:${errand.number}`);
    const cannot = part(item, "cannot"), input = cannot.querySelector("input"), label = cannot.querySelector("label");
    cannot.hidden = false;
    input.id = label.htmlFor = `why-${errand.number}`;
    cannot.querySelector("button").addEventListener("click", () => {
      if (input.value.trim().length < 2) { input.focus(); return; }
      press(errand, "cannot", { text: input.value.trim() }, input.value.trim());
    });
  }
  return item;
}

async function reportFrom(errand) {
  const form = $("report-form");
  const left = await photos.move(`errand:${errand.number}`, forms.photosOf(form));
  forms.write(form, { ...forms.read(form), errand: errand.number, where: errand.place });
  await forms.keep(form);
  await shots(part(form, "photos"), forms.photosOf(form));
  stayed(form, left);
  location.hash = "report";
}

// --- photos: a press opens the camera; what it gives is made smaller here and lies beside the draft
let numbered = 0;
function shoot(place, name) {
  const input = place.querySelector("input"), label = place.querySelector("label");
  place.hidden = false;
  input.id ||= label.htmlFor = `photo-${numbered += 1}`;
  input.addEventListener("change", async () => {
    const no = part(place, "photo-no"), [file] = input.files;
    no.hidden = true;
    input.value = "";
    if (!file) return;
    try {
      await photos.add(name, file);
    } catch (lost) {
      no.textContent = say(lost.name === "QuotaExceededError" ? "photo.full" : "photo.not");
      no.hidden = false;
    }
    await shots(place, name);
  });
  return shots(place, name);
}

async function shots(place, name) {
  const held = await photos.of(name), list = part(place, "photo-list");
  const items = await Promise.all(held.map(async (photo, i) => {
    const item = document.createElement("li"), words = say("photo.n", { n: i + 1 });
    const away = button(say("photo.away"), "text", async () => {
      await store.removePhoto(photo.id);
      await shots(place, name);
      place.querySelector("input").focus();
    });
    away.setAttribute("aria-label", `${words} · ${say("photo.away")}`);
    item.append(await photos.thumbnail(photo, words), away);
    return item;
  }));
  list.replaceChildren(...items);
  place.querySelector("input").disabled = held.length >= photos.MOST;
}

function stayed(form, left) {
  const no = part(form, "photo-no");
  no.textContent = say("photo.many", { n: left });
  no.hidden = !left;
}

function fill(list, items, met = true) {
  const open = list.querySelector("details[open] input");
  if (open && open === document.activeElement) return;  // somebody is writing there
  list.replaceChildren(...items);
  const none = document.querySelector(`[data-none="${list.id}"]`);
  none.dataset.words ??= none.textContent;
  none.textContent = met ? none.dataset.words : say("not-met");  // "there is none" is said by whoever knows it
  none.hidden = items.length > 0;
}

const drawErrands = inTurn(async () => {
  const found = await errands.now(), start = await store.get("start");
  const met = Boolean(start);
  fill($("near"), found.slice(0, 3).map(errandItem), met);
  fill($("all"), found.map(errandItem), met);
  fill($("rounds"), (start?.routes ?? []).map((route) => {
    const item = of("t-round");
    part(item, "name").textContent = `${route.name}${route.grid ? ` · ${route.grid}` : ""}`;
    const every = say("every", { n: route.every_days, m: route.places.length });
    part(item, "every").textContent = [every, route.last_on && say("last", { day: day(route.last_on) })].filter(Boolean).join(" · ");
    part(item, "next").textContent = day(route.next_on);
    return item;
  }), met);
  const said = start?.voices ?? [], list = $("voices").querySelector("ul");
  $("voices").hidden = !said.length;
  $("voices-kept").hidden = !start?.voices_kept;
  list.replaceChildren(...said.map((one) => {
    const item = document.createElement("li"), words = `${one.report} · ${moment(one.at)}`;
    item.append(Object.assign(document.createElement("a"), { href: one.page, textContent: words }));
    return item;
  }));
  const form = $("report-form"), note = part(form, "for-errand"), number = form.dataset.errand;
  note.hidden = !number;
  part(form, "for-errand-place").textContent = found.find((e) => e.number === number)?.place ?? number ?? "";
  part(form, "elsewhere").hidden = Boolean(number);
});

function drawGrids(grids) {
  for (const select of document.querySelectorAll("select[name=grid]")) {
    const chosen = select.value || grids[0]?.code;
    select.replaceChildren(...grids.map((g) => new Option(g.name, g.code, false, g.code === chosen)));
    select.closest("[data-grids]").hidden = grids.length < 2;
  }
}

function drawSpots(held) {
  spots.tell(held?.spots, held?.left_out, say);
  for (const form of FORMS) spots.show(form, forms.read(form).spot);
}

// Where one may stand changes seldom: asked for when what is held is half a day old.
async function freshSpots() {
  if (Date.now() - ((await store.get("spots"))?.kept ?? 0) < SPOTS_LIVE) return;
  const answer = await hear("/pocket/spots");
  if (!answer?.ok) return;
  const told = await answer.json();
  if (told.owner !== owner) return;
  await store.put("spots", { ...told, kept: Date.now() });
  drawSpots(told);
}

// --- the queue
const rank = { refused: 0, conflict: 0, waiting: 1, sent: 2 };
const drawQueue = inTurn(async () => {
  const rows = (await store.rows()).sort((a, b) => rank[a.state] - rank[b.state] || b.seq - a.seq);
  const counts = await photos.counts(), of = (r) => counts.get(r.key) ?? { waiting: 0, sent: 0, refused: 0, photo: {}, voice: {}, told: [] };
  fill($("rows"), rows.map((row) => queueItem(row, of(row))));
  const waiting = rows.filter((r) => r.state === "waiting" || (r.state === "sent" && of(r).waiting)).length;
  const see = rows.filter((r) => rank[r.state] === 0 || of(r).refused).length;
  for (const count of document.querySelectorAll("[data-waiting]")) count.textContent = waiting + see || "";
  const last = queue.state.last ?? await store.get("last");
  if (queue.state.last) store.put("last", queue.state.last);
  $("synced").textContent = last ? $("synced").dataset.words.replace("{when}", moment(last)) : $("synced").dataset.never;
  const off = clock.state.off, closed = rows.some((r) => r.closed);
  $("clock").hidden = !off;
  $("clock").textContent = off ? say(off > 0 ? "clock.ahead" : "clock.behind", { by: span(Math.abs(off)) }) : "";
  $("closed").hidden = !closed;
  drawNet(waiting, see);
});

const UNITS = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000]];
function span(off) {
  const [unit, long] = UNITS.find(([, l]) => off >= l) ?? UNITS[2];
  return new Intl.NumberFormat(LANG, { style: "unit", unit, unitDisplay: "long" }).format(Math.round(off / long));
}

function drawNet(waiting, see) {
  const { signIn, lost, ended, prove } = queue.state;
  const head = ended ? "net.ended" : prove ? "net.prove" : !navigator.onLine ? "net.none" : signIn ? "net.sign" : lost && waiting ? "net.lost" : see ? "net.conflict" : "";
  $("net").hidden = !head;
  if (!head) return;
  part($("net"), "net-head").textContent = say(head, { n: see });
  const more = ended ? "net.ended-more" : prove ? "net.prove-more" : signIn && navigator.onLine ? "net.sign-more" : waiting ? "net.wait" : "";
  part($("net"), "net-more").textContent = more ? say(more, { n: waiting }) : "";
  const link = part($("net"), "net-link"), toSignIn = (signIn || ended || prove) && navigator.onLine;
  link.href = !toSignIn ? "#queue" : prove && !signIn ? "/me/sign-in/again?next=/pocket" : "/sign-in?next=/pocket";
  link.textContent = say(toSignIn ? "net.sign-in" : "net.see");
}

function queueItem(row, shots) {
  const item = of("t-row");
  item.dataset.state = row.state;
  part(item, "icon").replaceWith(one("t-icons", row.state));
  part(item, "chip").replaceWith(one("t-chips", row.state));
  part(item, "what").textContent = `${say(`row.${row.verb}`)} · ${row.closed ? say("q.closed") : row.label}`;
  const off = clock.offOf(row), right = row.answer?.said_at ?? new Date(Date.parse(row.at) - off).toISOString();
  const when = row.answer?.said_at || Math.abs(off) >= 60_000 ? say("clock.right", { when: moment(right), was: moment(row.at) }) : moment(row.at);
  part(item, "when").textContent = [when, row.answer?.number].filter(Boolean).join(" · ");
  part(item, "shots").textContent = ["waiting", "sent", "refused"].flatMap((s) => [
    shots.photo[s] && say(`photos.${s}`, { n: shots.photo[s] }), shots.voice[s] && say(`voice.${s}`)]).filter(Boolean).join(" · ");
  if (shots.refused && row.state === "sent") notTaken(item, row, shots);
  if (row.state === "conflict" || row.state === "refused") explain(item, row);
  return item;
}

// The row stands; a photo or the voice of it was not taken, and it is said why.
function notTaken(item, row, shots) {
  const why = part(item, "why"), acts = part(item, "acts");
  why.hidden = acts.hidden = false;
  why.textContent = [...new Set(shots.told.map((t) => say(`${t.kind}.why`, { why: t.told })))].join(" ");
  const kind = shots.voice.refused ? "voice" : "photo";
  acts.append(button(say(`${kind}.again`), "", () => resend(row)), button(say(`${kind}.leave`), "text", () => leave(row)));
}

async function resend(row) {
  for (const photo of await photos.all(row.key)) {
    if (photo.state === "refused") await store.changePhoto({ ...photo, state: "waiting", told: undefined });
  }
  queue.send();
}

async function leave(row) {
  for (const photo of await photos.all(row.key)) if (photo.state === "refused") await store.removePhoto(photo.id);
  queue.changed();
}

function explain(item, row) {
  const problem = row.answer?.problem ?? {}, why = part(item, "why"), next = part(item, "now"), acts = part(item, "acts");
  const stands = row.answer?.number;
  why.hidden = next.hidden = acts.hidden = false;
  why.textContent = `${say("why", { why: problem.title ?? "" })} ${stands ? say("stands", { number: stands }) : say("why.lost")}`;
  next.textContent = problem.next ?? "";
  if (stands) { acts.append(button(say("q.seen"), "", () => forget(row))); return; }
  if (row.verb === "report" || row.verb === "settle") acts.append(button(say("q.mend"), "", () => mend(row)));
  else if (row.said.text) acts.append(button(say("q.report"), "", () => mend(row)));
  if (row.state === "conflict" && row.verb === "errand.finish") acts.append(button(say("q.again"), "", () => retry(row)));
  acts.append(button(say("q.forget"), "text", () => ask(row)));
}

async function forget(row) {
  await queue.forget(row);
  queue.changed();
}

async function retry(row) {
  await store.change({ ...row, state: "waiting", answer: undefined });
  queue.send();
}

// What was written goes back into its form; sent again it is a new row with a key of its own.
async function mend(row) {
  const form = row.verb === "settle" ? $("settle-form") : $("report-form");
  const { errand, finding, ...words } = row.said;
  forms.write(form, words);
  const left = await photos.move(row.key, forms.photosOf(form));
  await forms.keep(form);
  await shots(part(form, "photos"), forms.photosOf(form));
  voice.redraw(form);
  stayed(form, left);
  if (!left) await forget(row);  // else it keeps those that found no room
  queue.changed();
  location.hash = row.verb === "settle" ? "settle" : "report";
}

function ask(row) {
  part($("forget"), "forget-what").textContent = row.label;
  $("forget-now").onclick = async () => { $("forget").close(); await forget(row); };
  $("forget").showModal();
}

// --- what the server says, when it can be asked
async function hear(address) {
  return fetch(address, {
    headers: { Accept: "application/json", "X-Jishi-Device": await store.device(), "X-Jishi-Key": await store.keyNo() },
    signal: AbortSignal.timeout(PATIENCE * 3),
  }).catch(() => null);
}

// Nobody is signed in: was this device ended meanwhile? Then what lies here is closed until somebody has signed in.
async function ended() {
  const answer = await hear("/pocket/device");
  if (!answer?.ok || (await answer.json()).known) return;
  await store.close();
  queue.state.ended = true;  // said when it holds
}

async function start() {
  const answer = await hear("/pocket/start");
  if (!answer) return null;
  if ([401, 403].includes(answer.status)) { await store.mustProve(""); await ended(); queue.state.signIn = true; queue.changed(); return null; }
  if (!answer.ok) return null;
  const { seal, ...told } = await answer.json();
  if (told.owner !== owner) { location.reload(); return null; }  // somebody else has signed in on this device
  if (await store.mustProve(told.proof)) { queue.state.prove = true; queue.changed(); return null; }
  return { ...told, seal: read(seal) };
}

const read = ({ key, former, ...seal }) => ({ ...seal, key: bytesOf(key), former: former && { ...former, no: seal.no - 1, key: bytesOf(former.key) } });
const bytesOf = (said) => Uint8Array.from(atob(said), (c) => c.charCodeAt(0));

// After an unlock code was set another key takes the place of the one that lay here open. Each step may be lost on the way
// and is done again when the server is heard next; the key before is given up last, when nothing lies under it.
async function settle(seal, csrf) {
  for (let told = seal; told;) {
    const isDone = await store.adopt(told), next = told.former ? isDone && "settle" : store.renews(told.id) && "renew";
    const answer = next ? await turn(next, told.id, csrf) : null;
    told = next === "renew" && answer?.id === told.id ? null : answer;
  }
}

async function turn(next, of, csrf) {
  const answer = await fetch(`/pocket/key/${next}`, {
    method: "POST", body: new URLSearchParams({ of }), signal: AbortSignal.timeout(PATIENCE * 3),
    headers: { Accept: "application/json", "X-Jishi-Device": await store.device(), "X-CSRFToken": csrf },
  }).catch(() => null);
  return answer?.ok ? read(await answer.json()) : null;
}

async function refresh() {
  const asked = Date.now(), told = await start();
  if (!told) return false;
  const { csrf, seal, proof, ...kept } = told;
  queue.carry(csrf);
  await settle(seal, csrf);
  lock.show();
  for (const form of FORMS) if (form.dataset.aside) await forms.restore(form);
  await clock.meet(told.now, asked);
  document.querySelector("#sign-out [name]").value = csrf;
  await store.put("start", { ...kept, kept: asked });  // what was sent since we asked may not be in it
  drawGrids(told.grids);
  await freshSpots();
  await drawErrands();
  document.documentElement.dataset.heard = "";
  return true;
}

let soon;
async function bring() {
  clearTimeout(soon);
  if (navigator.onLine && await refresh()) {
    const before = (await queue.waiting()).length;
    await queue.send();
    if (before) await refresh();
  } else if (!queue.state.signIn && !queue.state.prove && !await store.get("start")) {
    soon = setTimeout(bring, SOON);  // nothing was ever heard: who waits for it waits no minute
  }
  await drawQueue();
}

// --- leaving: this device forgets all of it but what a colleague has not sent
$("leave-now").addEventListener("click", async () => {
  if (await store.clear()) $("sign-out").elements.namedItem("forget").name = "keep";  // a colleague's are not sent yet
  sessionStorage.clear();
  if (navigator.onLine && document.querySelector("#sign-out [name]").value) $("sign-out").submit();
  else location.replace("/");
});
document.querySelector("[data-open=leave]").addEventListener("click", async () => {
  const rows = await store.rows(), held = new Map((await photos.counts()));
  const waiting = rows.filter((r) => r.state !== "sent" || held.get(r.key)?.waiting || held.get(r.key)?.refused).length, note = part($("leave"), "unsent");
  note.dataset.words ??= note.textContent;
  note.hidden = !waiting;
  note.textContent = note.dataset.words.replace("{n}", waiting);
  part($("leave"), "no-net").hidden = navigator.onLine;
});

// --- forms
const FORMS = [$("report-form"), $("settle-form")];
for (const form of FORMS) {
  form.addEventListener("input", () => forms.keep(form));
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    if (!await forms.submit(form)) return;
    await shots(part(form, "photos"), forms.photosOf(form));
    voice.redraw(form);
    noted();
    location.hash = "today";
  });
  forms.here(form);
  voice.begin(form, forms.photosOf(form), say, () => forms.keep(form));
  spots.follow(form);
}
$("report-form").addEventListener("written", drawErrands);
document.querySelector("[data-not-for-errand]").addEventListener("click", () => {
  delete $("report-form").dataset.errand;
  forms.keep($("report-form"));
  drawErrands();
});
$("again").addEventListener("click", bring);

// --- begin: large print as it was chosen; then what lies here; then the network
if (/(?:^|; )(?:__Host-)?jishi_elder=1/.test(document.cookie)) document.documentElement.dataset.mode = "elder";
queue.onChange(async () => { await drawQueue(); await drawErrands(); });
queue.onRenew(refresh);
await store.use(owner, box);
if (store.isLocked()) {
  document.documentElement.dataset.locked = "";
  if (navigator.onLine) await Promise.race([ended(), new Promise((done) => setTimeout(done, 2000))]);
  await lock.ask(say);
  delete document.documentElement.dataset.locked;
}
lock.offer(say, start, settle, noted);
await clock.begin();
show();
// A shell that was kept may be somebody else's who is signed out by now: with network, the server is asked first.
const isKept = Math.abs(Date.now() - Date.parse(made)) > 15_000;
if (isKept && navigator.onLine) await Promise.race([refresh(), new Promise((done) => setTimeout(done, 2000))]);
drawGrids((await store.get("start"))?.grids ?? []);
drawSpots(await store.get("spots"));
for (const form of FORMS) { await forms.restore(form); await shoot(part(form, "photos"), forms.photosOf(form)); voice.redraw(form); }
await drawErrands();
await drawQueue();
document.documentElement.dataset.ready = "";
navigator.serviceWorker?.register("/pocket/worker.js", { scope: "/pocket" }).catch(() => {});
addEventListener("online", bring);
addEventListener("offline", drawQueue);
document.addEventListener("visibilitychange", () => { if (!document.hidden) bring(); });
setInterval(() => { if (!document.hidden) bring(); }, EVERY);
await bring();
