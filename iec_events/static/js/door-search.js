/* Looks through the parties on the door's page while somebody types, by the rules of core/text.py: letters that look alike,
   accents and digits make no difference, parts of a name come in any order. The whole list is looked through by the server. */

const POINTS = /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc]/g;
const BETWEEN = /[\s'’‘ʼʿʾ`.\-‐‑]+/g;
const CODE = /^IEC1\.([\w-]{16})\.[\w-]$/i;
const FOLDS = new Map();
const ALIKE = { ی: "يىے", ک: "كڪ", ه: "ةہھە", o: "ø", l: "ł", d: "đ", e: "ə", i: "ı", ss: "ß", σ: "ς", ا: "ٱ", " ": "\u200c", "": "\u200dـ" };
for (const [letter, others] of Object.entries(ALIKE)) for (const one of others) FOLDS.set(one, letter);
[..."۰۱۲۳۴۵۶۷۸۹"].forEach((digit, value) => FOLDS.set(digit, String(value)));
[..."٠١٢٣٤٥٦٧٨٩"].forEach((digit, value) => FOLDS.set(digit, String(value)));

const line = document.getElementById("filtered");

function folded(text) {
  const bare = text.normalize("NFKD").replace(POINTS, "").toLowerCase();
  return [...bare].map((letter) => FOLDS.get(letter) ?? letter).join("").normalize("NFC").split(/\s+/).filter(Boolean).join(" ");
}

function finder(sought) {
  const [code, whole] = [CODE.exec(sought.replace(/\s/g, "")), folded(sought)];
  if (code) return (row) => row.dataset.party === code[1];
  const words = whole.split(" ").map((word) => word.replace(BETWEEN, "")).filter(Boolean);
  return (row) => {
    const name = folded(row.querySelector("[id^=who-] bdi")?.textContent ?? "");
    const joined = name.replace(BETWEEN, "");
    return row.dataset.line === whole || name.includes(whole) || (words.length > 0 && words.every((word) => joined.includes(word)));
  };
}

/* Show the parties of this page that fit, and those about whom something was said; say that it is only this page. */
export function search(sought, isAway = false) {
  const [fits, isEmpty] = [finder(sought), !sought.trim()];
  let found = 0;
  for (const row of document.querySelectorAll(".parties:not(#held) > [data-party]")) {
    const isShown = isEmpty || fits(row);
    row.hidden = !isShown && !row.querySelector(".told.error");
    found += isShown;
  }
  line.hidden = isEmpty && !isAway;
  line.querySelector(".none").hidden = found > 0;
  line.querySelector(".here").hidden = isAway;
  line.querySelector(".away").hidden = !isAway;
}
