/* Reads the code on an attendee's page with the camera, and sends the search with it. What reads is fetched once the button is
   pressed. No picture leaves this file, and of what a picture says only a code of ours. Without this script there is no button. */

const CODE = /^IEC1\.[\w-]{16}\.[\w-]$/;
const WANTED = { video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } } };
const SIDE = 640; // pixels: a code as wide as an eighth of the picture can be read
const PAUSE = 100; // milliseconds between two pictures: phones stay cool, and buttons answer

const part = document.querySelector("[data-scan]");
const [button, line, video] = ["button", "[role=status]", "video"].map((one) => part.querySelector(one));
const search = document.getElementById("q");
const words = part.dataset;
const paper = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
let stream = null;
let turn = 0; // each press begins another; what an older one still waits for is thrown away
let isOpen = false;

function say(text) {
  if (line.textContent === text) return; // said once, not with every picture
  line.textContent = text;
  part.scrollIntoView({ block: "nearest" });
}

function close(text = "") {
  turn += 1;
  isOpen = false;
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = video.srcObject = null;
  video.hidden = true;
  button.textContent = words.open;
  say(text);
}

function trouble({ name }) {
  if (["NotAllowedError", "SecurityError"].includes(name)) return words.refused;
  return ["NotFoundError", "OverconstrainedError"].includes(name) ? words.none : words.busy;
}

/* Many browsers try a module that could not be fetched never again in this page. So it is brought into their cache first. */
async function fetchReader() {
  const files = ["decode.js", "index.js"].map((name) => new URL(`vendor/qr/${name}`, import.meta.url).href);
  await Promise.all(files.map(async (file) => (await fetch(file)).blob()));
  return import(files[0]);
}

async function open() {
  turn += 1;
  const mine = turn;
  isOpen = true;
  button.textContent = words.close;
  say("");
  const reader = fetchReader().catch(() => null);
  let seen;
  try {
    seen = await navigator.mediaDevices.getUserMedia(WANTED);
  } catch (error) {
    if (mine === turn) close(trouble(error));
    return;
  }
  if (mine !== turn) {
    for (const track of seen.getTracks()) track.stop();
    return;
  }
  stream = seen;
  stream.getVideoTracks()[0].addEventListener("ended", () => { if (mine === turn) close(words.busy); });
  video.srcObject = stream;
  video.hidden = false;
  video.play().catch(() => {}); // of a video that was closed before it began
  say(words.aim);
  const found = await reader;
  if (mine === turn) {
    if (found) look(found.decodeQR, mine);
    else close(words.unread);
  }
}

/* What the code in the middle of the picture says; nothing if there is none that can be read. */
function read(decode) {
  const { videoWidth, videoHeight } = video;
  const seen = Math.min(videoWidth, videoHeight);
  if (!seen) return "";
  const size = Math.min(seen, SIDE);
  paper.canvas.width = paper.canvas.height = size;
  paper.drawImage(video, (videoWidth - seen) / 2, (videoHeight - seen) / 2, seen, seen, 0, 0, size, size);
  try {
    return decode(paper.getImageData(0, 0, size, size)).trim();
  } catch {
    return "";
  }
}

function look(decode, mine) {
  if (mine !== turn) return;
  const text = read(decode);
  if (CODE.test(text)) {
    send(text);
    return;
  }
  if (text) say(words.foreign); // maybe somebody's own link: neither shown nor sent
  setTimeout(look, PAUSE, decode, mine);
}

function send(code) {
  close(words.found);
  navigator.vibrate?.(100);
  search.value = code;
  search.form.querySelector("[type=submit]").click();
}

button.addEventListener("click", () => {
  if (isOpen) close();
  else open();
  button.focus(); // Safari gives the focus to no button
});
document.addEventListener("keydown", (event) => {
  if (!isOpen || event.key !== "Escape") return;
  event.preventDefault();
  close();
  button.focus();
});
document.addEventListener("visibilitychange", () => { if (isOpen && document.hidden) close(); });
addEventListener("pagehide", () => { if (isOpen) close(); });

// At once where it can be asked for, so that nothing moves under a thumb; away again where there is none.
part.hidden = !navigator.mediaDevices;
navigator.mediaDevices?.enumerateDevices().then((found) => {
  part.hidden = !found.some((one) => one.kind === "videoinput");
}, () => {});

// A code names one party: its button comes into sight.
if (CODE.test(search.value.trim())) document.querySelector(".party")?.scrollIntoView({ block: "nearest" });
