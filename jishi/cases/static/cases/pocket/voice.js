// A voice instead of writing: press, speak, stop, listen, throw away. What is recorded lies sealed beside the draft from
// the first seconds on, so that a killed tab loses five of them at most; it follows its row as photos do.
import * as store from "./store.js";

const KINDS = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
const MOST = 120, EVERY = 5000;
const running = new Map();

export const of = async (name) => (await store.photos()).find((p) => p.of === name && p.kind === "voice");

// What is being recorded is ended, and kept, before anything else is done with the form.
export const finish = (form) => running.get(form)?.() ?? Promise.resolve();

export function begin(form, name, say, kept) {
  const box = form.querySelector("[data-voice]");
  const kind = KINDS.find((k) => globalThis.MediaRecorder?.isTypeSupported(k));
  if (!box || !kind || !navigator.mediaDevices?.getUserMedia) return;
  const part = (at) => box.querySelector(`[data-voice-${at}]`);
  const [on, off, count, told, no, held, play] = ["on", "off", "count", "told", "no", "held", "play"].map(part);
  box.hidden = false;

  const fail = (words) => { no.textContent = say(words); no.hidden = !words; };
  const draw = async () => {
    const voice = await of(name), heard = voice?.data && new Blob([voice.data], { type: voice.mime });
    if (play.src) URL.revokeObjectURL(play.src);
    if (heard) play.src = URL.createObjectURL(heard); else play.removeAttribute("src");
    held.hidden = !voice; // one that cannot be opened now can still be thrown away
    play.hidden = !heard;
    on.hidden = Boolean(voice);
    told.textContent = voice ? say(voice.closed ? "q.closed" : voice.seconds >= MOST ? "voice.full" : "voice.done", { n: voice.seconds }) : "";
  };

  on.addEventListener("click", async () => {
    fail("");
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true }).catch(() => null);
    if (!stream) { fail("voice.no"); return; }
    const recorder = new MediaRecorder(stream, { mimeType: kind, audioBitsPerSecond: 32000 }), pieces = [], began = performance.now();
    const seconds = () => Math.min(MOST, Math.round((performance.now() - began) / 1000));
    let id, last = Promise.resolve();
    const keep = () => {
      last = last.then(async () => {
        const data = await new Blob(pieces).arrayBuffer(), mime = recorder.mimeType.split(";")[0];
        const row = { of: name, kind: "voice", state: "waiting", mime, seconds: seconds(), data };
        if (id === undefined) id = await store.addPhoto(row); else await store.changePhoto({ ...row, id });
      }).catch(() => fail("voice.full-device"));
    };
    recorder.addEventListener("dataavailable", (e) => { if (e.data.size) { pieces.push(e.data); keep(); } });
    const ended = new Promise((yes) => recorder.addEventListener("stop", yes)).then(async () => {
      clearInterval(timer);
      running.delete(form);
      for (const track of stream.getTracks()) track.stop();
      off.hidden = count.hidden = true;
      await last;
      await draw();
      await kept();
    });
    const stop = () => { if (recorder.state === "recording") recorder.stop(); return ended; };
    running.set(form, stop);
    recorder.start(EVERY);
    on.hidden = true;
    off.hidden = count.hidden = false;
    off.onclick = () => stop().then(() => play.focus());
    off.focus();
    told.textContent = say("voice.on");
    const tick = () => { count.textContent = `${seconds()} / ${MOST}`; if (performance.now() - began >= MOST * 1000) stop(); };
    tick();
    const timer = setInterval(tick, 250);
  });
  part("away").addEventListener("click", async () => {
    const voice = await of(name);
    if (voice) await store.removePhoto(voice.id);
    await draw();
    await kept();
    on.focus();
  });
  addEventListener("pagehide", () => { finish(form); });
  form.addEventListener("voiced", draw);
}

export const redraw = (form) => form.dispatchEvent(new Event("voiced"));
