// Speaking instead of writing: press, speak, stop, listen, throw away. What was recorded becomes the file of the form;
// without a microphone, or without this file, one that was recorded before is chosen. Nothing leaves before it is sent.
const KINDS = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
const ENDINGS = { "audio/webm": "webm", "audio/mp4": "m4a", "audio/ogg": "ogg" };

for (const box of document.querySelectorAll("[data-record]")) {
  const part = (name) => box.querySelector(`[data-record-${name}]`);
  const [here, on, off, gone, count, told, play] =
    ["here", "on", "off", "gone", "count", "told", "play"].map(part);
  const input = box.querySelector("input[type=file]");
  const most = Number(box.dataset.seconds);
  const kind = KINDS.find((k) => globalThis.MediaRecorder?.isTypeSupported(k));
  if (!kind || !navigator.mediaDevices?.getUserMedia) {
    told.textContent = box.dataset.wordsNo;
    continue;
  }
  here.hidden = false;
  let recorder, stream, timer, began;
  const say = (words, n) => { told.textContent = words.replace("{n}", n); };
  const seconds = () => Math.min(most, Math.round((performance.now() - began) / 1000));

  const forget = () => {
    if (play.src) URL.revokeObjectURL(play.src);
    play.removeAttribute("src");
    play.hidden = gone.hidden = true;
  };
  const put = (blob, n) => {
    const type = blob.type.split(";")[0];
    const files = new DataTransfer();
    files.items.add(new File([blob], `voice.${ENDINGS[type] ?? "webm"}`, { type }));
    input.files = files.files;
    play.src = URL.createObjectURL(blob);
    play.hidden = gone.hidden = false;
    say(n >= most ? box.dataset.wordsFull : box.dataset.wordsDone, n);
  };
  const stop = () => { if (recorder?.state === "recording") recorder.stop(); };

  on.addEventListener("click", async () => {
    forget();
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch {
      told.textContent = box.dataset.wordsNo;
      input.focus();
      return;
    }
    const pieces = [];
    recorder = new MediaRecorder(stream, { mimeType: kind, audioBitsPerSecond: 32000 });
    recorder.addEventListener("dataavailable", (e) => { if (e.data.size) pieces.push(e.data); });
    recorder.addEventListener("stop", () => {
      clearInterval(timer);
      for (const track of stream.getTracks()) track.stop();
      count.hidden = off.hidden = true;
      on.hidden = false;
      put(new Blob(pieces, { type: recorder.mimeType || kind }), seconds());
      play.focus();
    });
    began = performance.now();
    recorder.start();
    say(box.dataset.wordsOn, 0);
    count.textContent = `0 / ${most}`;
    on.hidden = true;
    off.hidden = count.hidden = false;
    off.focus();
    timer = setInterval(() => {
      count.textContent = `${seconds()} / ${most}`;
      if (performance.now() - began >= most * 1000) stop();
    }, 250);
  });
  off.addEventListener("click", stop);
  gone.addEventListener("click", () => {
    forget();
    input.value = "";
    say(box.dataset.wordsGone);
    on.focus();
  });
  input.addEventListener("change", forget);
  addEventListener("pagehide", () => { stop(); });
}
