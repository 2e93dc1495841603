/* Solves the puzzle of a form (core/puzzle.py) while people write: in the page it asks, in a worker it works.
   Sending is never held up; without this script a person looks at what was sent. */

const K = new Uint32Array(64);
const START = new Uint32Array(8);
const W = new Uint32Array(64);
const block = new Uint8Array(64);
const words = new DataView(block.buffer);

/* The constants of SHA-256 (FIPS 180-4): fractions of the cube and square roots of the first primes. */
function prepare() {
  const fraction = (x) => Math.floor((x - Math.floor(x)) * 2 ** 32);
  for (let n = 2, found = 0; found < 64; n += 1) {
    let prime = true;
    for (let d = 2; d * d <= n; d += 1) if (n % d === 0) prime = false;
    if (!prime) continue;
    if (found < 8) START[found] = fraction(Math.sqrt(n));
    K[found] = fraction(Math.cbrt(n));
    found += 1;
  }
}

/* The first 32 bits of the SHA-256 of what stands in `block`, padding included. */
function firstWord() {
  for (let i = 0; i < 16; i += 1) W[i] = words.getUint32(i * 4);
  for (let i = 16; i < 64; i += 1) {
    const x = W[i - 15], y = W[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[i] = W[i - 16] + s0 + W[i - 7] + s1;
  }
  let [a, b, c, d, e, f, g, h] = START;
  for (let i = 0; i < 64; i += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  return (START[0] + a) >>> 0;
}

/* The smallest number which, written behind `text`, gives a hash that begins with so many zeros. */
function number(text, zeroBits) {
  const limit = 2 ** (32 - zeroBits);
  for (let n = 0; ; n += 1) {
    const tried = text + n;
    block.fill(0);
    for (let i = 0; i < tried.length; i += 1) block[i] = tried.charCodeAt(i);
    block[tried.length] = 0x80;
    words.setUint16(62, tried.length * 8);
    if (firstWord() < limit) return n;
  }
}

function work({ puzzle, parts, zeroBits }) {
  prepare();
  const numbers = [];
  for (let place = 0; place < parts; place += 1) numbers.push(number(`${puzzle}.${place}.`, zeroBits));
  postMessage(numbers.join("."));
}

function ask(line) {
  const { puzzle, puzzle_answer: answer } = line.closest("form").elements;
  if (answer.value) {
    line.textContent = line.dataset.done;
    return;
  }
  const worker = new Worker(import.meta.url, { type: "module" });
  line.textContent = line.dataset.working;
  worker.addEventListener("message", ({ data }) => {
    answer.value = data;
    line.textContent = line.dataset.done;
    worker.terminate();
  });
  worker.addEventListener("error", () => { line.textContent = line.dataset.without; });
  worker.postMessage({ puzzle: puzzle.value, parts: Number(line.dataset.parts), zeroBits: Number(line.dataset.zeroBits) });
}

if (typeof document === "undefined") addEventListener("message", ({ data }) => work(data));
else for (const line of document.querySelectorAll("[data-puzzle]")) ask(line);
