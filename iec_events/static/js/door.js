/* The door on a bad network. Presses are sent behind the page, again and again until the server has answered, those of a
   party in their order; only then a row says "here since". What is not sent yet is kept in this tab, without names. The page
   is not left for one that can't be loaded. Without this file every press is a form, and every answer a page. */

import { search } from "./door-search.js";

const VERBS = ["here", "after-all", "undo"];
const PATIENCE = 8000; // milliseconds until a request counts as lost
const SLOW = 1500; // and until a press that has no answer is spoken of
const DOUBLE = 700; // a second tap in this time is none: under the thumb is the button that takes back
const door = document.querySelector("[data-door]");
const [bar, said] = ["unsent", "said"].map((id) => document.getElementById(id));
const find = door.querySelector("form.find");
const home = new URL(find.action);
const number = new Intl.NumberFormat(document.documentElement.lang, { useGrouping: false });

const KEY = `door ${door.dataset.door}`;
const presses = kept(); // { party, verb, people, since, at, tried }, the oldest first
const settled = new Map(); // by party: its buttons as the server last drew them
const ready = new Map(); // and those with which it can be counted in
const touched = new Map();
let token = find.elements.csrf_token.value;
let [sending, trouble, tries, timer, leaving, passed] = [false, "", 0, 0, false, false];

function kept() {
  try {
    for (const key of Object.keys(sessionStorage).filter((one) => one.startsWith("door "))) {
      if (JSON.parse(sessionStorage[key]).until * 1000 < Date.now()) sessionStorage.removeItem(key);
    }
    return JSON.parse(sessionStorage.getItem(KEY))?.presses ?? [];
  } catch {
    return []; // no storage: what is pressed lives as long as the page
  }
}

function keep() {
  try {
    if (presses.length) sessionStorage.setItem(KEY, JSON.stringify({ until: Number(door.dataset.until), presses }));
    else sessionStorage.removeItem(KEY);
  } catch { /* as above */ }
}

const drop = (press) => presses.splice(presses.indexOf(press), 1);
const lastOf = (party, place = -1) => presses.filter((one) => one.party === party).slice(place)[0];
const rowOf = (party) => door.querySelector(`[data-party="${CSS.escape(party)}"]`);

function draw(party) {
  const row = rowOf(party);
  if (!row) return;
  const acts = row.querySelector(".acts");
  if (!settled.has(party)) settle(party, [...acts.childNodes]);
  const last = lastOf(party);
  row.classList.toggle("sending", Boolean(last));
  if (!last) {
    acts.replaceChildren(...settled.get(party));
    return;
  }
  const being = document.getElementById(last.verb === "undo" ? "being-undo" : "being-here").content.cloneNode(true);
  for (const button of being.querySelectorAll("button")) {
    button.value = party;
    button.setAttribute("aria-describedby", `who-${party}`);
  }
  acts.replaceChildren(being, ...(last.verb === "undo" ? ready.get(party) ?? [] : []));
}

function settle(party, nodes) {
  settled.set(party, nodes);
  if (nodes.some((one) => one.matches?.("button:not([data-since])"))) ready.set(party, nodes);
}

function tell(party, texts, isBad) {
  const row = rowOf(party);
  row.querySelector(".told")?.remove();
  if (!texts.length) return;
  const line = document.createElement("p");
  line.className = isBad ? "told error" : "told soft";
  line.textContent = texts.join(" ");
  row.append(line);
}

function speak(row, text) {
  const who = row.querySelector("[id^=who-]")?.textContent.trim();
  said.textContent = who ? `${who}: ${text}` : text;
}

function report() {
  const late = presses.some((one) => Date.now() - one.at > SLOW);
  const refused = door.querySelector(".told.error")?.closest("[data-party]");
  const isShown = { away: trouble === "away", shut: trouble === "shut", stay: bar.dataset.stay, refused };
  for (const line of bar.querySelectorAll("[data-when]")) line.hidden = !isShown[line.dataset.when];
  if (refused) bar.querySelector("[data-when=refused] a").hash = refused.id ||= `party-${refused.dataset.party}`;
  const count = document.getElementById("unsent-count");
  const text = count.dataset.text.replace("#", number.format(presses.length));
  if (count.textContent !== text) count.textContent = text;
  count.hidden = !presses.length;
  bar.hidden = !(presses.length && (trouble || late)) && !bar.dataset.stay && !refused;
}

function press(verb, button) {
  const party = button.value;
  const row = button.closest("[data-party]");
  if (Date.now() - (touched.get(party) ?? 0) < DOUBLE) return;
  touched.set(party, Date.now());
  tell(party, []);
  const last = lastOf(party);
  if (verb === "undo" && last && last.verb !== "undo" && !last.tried) {
    drop(last); // nobody has heard of it
  } else {
    const people = row.querySelector("select")?.value ?? "";
    presses.push({ party, verb, people, since: button.dataset.since ?? "", at: Date.now(), tried: false });
  }
  keep();
  draw(party);
  row.focus(); // and not the button that takes back
  setTimeout(report, SLOW + 100);
  send();
}

async function ask(address, options) {
  const limit = new AbortController();
  const clock = setTimeout(() => limit.abort(), PATIENCE);
  try {
    const answer = await fetch(address, { ...options, redirect: "manual", signal: limit.signal });
    const isData = answer.headers.get("Content-Type")?.startsWith("application/json");
    return { answer, told: isData ? await answer.json() : null };
  } catch {
    return { answer: null, told: null };
  } finally {
    clearTimeout(clock);
  }
}

/* What became of a press: "" if it was answered; else what is in its way. */
async function deliver(one, again = false) {
  one.tried = true;
  keep();
  const { party, people, since } = one;
  const body = new URLSearchParams({ csrf_token: token, party, since, [`people-${party}`]: people });
  const headers = { Accept: "application/json" };
  const { answer, told } = await ask(`${home.pathname}/${one.verb}`, { method: "POST", body, headers });
  if (told?.token && !again) {
    token = told.token;
    return deliver(one, true);
  }
  if (told) {
    take(one, answer.ok, told);
    return "";
  }
  if (answer?.type === "opaqueredirect") return "shut"; // to sign in
  if (!answer || answer.status === 429 || [502, 503, 504].includes(answer.status)) return "away";
  return answer.status >= 400 && answer.status < 500 ? "shut" : "stuck";
}

function take(one, isGood, { row: drawn, texts, heads, elsewhere }) {
  drop(one);
  const { party } = one;
  const fresh = new DOMParser().parseFromString(drawn, "text/html").querySelector("[data-party]");
  const next = lastOf(party, 0);
  if (one.verb !== "undo" && next?.verb === "undo") {
    if (isGood && !elsewhere) next.since ||= fresh?.querySelector("[data-since]")?.dataset.since ?? "";
    else drop(next); // what it should take back counted nobody
  }
  keep();
  for (const place of door.querySelectorAll("[data-heads]")) place.textContent = heads[place.dataset.heads];
  const mustSay = isGood ? elsewhere : texts.length;
  const row = rowOf(party) ?? (mustSay ? hold(party, fresh) : null);
  if (!row) return;
  const hadFocus = row.contains(document.activeElement);
  if (!fresh) ready.delete(party);
  settle(party, [...fresh?.querySelector(".acts").childNodes ?? []]);
  row.classList.toggle("came", Boolean(fresh?.matches(".came")));
  draw(party);
  if (hadFocus && !row.contains(document.activeElement)) row.focus();
  tell(party, texts, !isGood);
  if (!lastOf(party)) speak(row, texts.join(" ") || row.querySelector(".since")?.textContent.trim());
}

/* A row for who does not stand on this page. */
function hold(party, fresh) {
  const row = fresh?.cloneNode(true) ?? document.getElementById("gone").content.firstElementChild.cloneNode(true);
  row.dataset.party = party;
  document.getElementById("held").append(row);
  return row;
}

async function send() {
  if (sending) return;
  sending = true;
  clearTimeout(timer);
  const stuck = new Set();
  let way = "";
  for (let one; (one = presses.find((other) => !stuck.has(other.party)));) {
    way = await deliver(one);
    if (way === "stuck") stuck.add(one.party);
    else if (way) break;
    else report();
  }
  sending = false;
  const was = trouble;
  trouble = way === "shut" ? "shut" : way || stuck.size ? "away" : "";
  tries = trouble ? tries + 1 : 0;
  if (trouble === "away") timer = setTimeout(send, Math.min(1000 * 2 ** tries, 30_000));
  else if (was && !trouble) said.textContent = said.dataset.done;
  if (!trouble) delete bar.dataset.stay;
  report();
}

/* Whether a page could be loaded now: a little is asked of the server, past what the browser keeps. */
async function isReachable() {
  if (!navigator.onLine) return false;
  const { answer } = await ask(import.meta.url, { method: "HEAD", cache: "no-store" });
  return Boolean(answer?.ok);
}

/* Let the page be left if another can be loaded; else it is kept, and that is said. */
async function leave(event, address, go, stay) {
  leaving = address.split(/[?#]/)[0] === home.href; // the door again, which sends first what is kept
  if (passed || !(stay || trouble === "away" || !navigator.onLine)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (await isReachable()) {
    passed = true;
    go();
    passed = false;
    return;
  }
  leaving = false;
  if (stay) {
    stay();
  } else {
    bar.dataset.stay = "stay";
    report();
    setTimeout(() => { delete bar.dataset.stay; report(); }, 8000);
  }
}

// Before other scripts of the page: what is held back must not count as sent.
addEventListener("submit", (event) => {
  const { target: form, submitter: button } = event;
  const address = new URL(button?.getAttribute("formaction") ?? form.action, location);
  const verb = VERBS.find((one) => address.pathname === `${home.pathname}/${one}`);
  if (form === find) {
    leave(event, home.href, () => form.submit(), () => search(find.elements.q.value, true));
  } else if (verb && button?.name === "party") {
    event.preventDefault();
    press(verb, button);
  } else {
    leave(event, address.href, () => form.requestSubmit(button));
  }
}, true);
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  const stays = !link || link.origin !== location.origin || link.hash || link.target || event.ctrlKey || event.metaKey;
  if (!stays) leave(event, link.href, () => link.click());
}, true);
find.elements.q.addEventListener("input", () => search(find.elements.q.value));
addEventListener("online", () => { tries = 0; send(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden && presses.length) send(); });
addEventListener("beforeunload", (event) => {
  if (!presses.length || leaving) return;
  event.preventDefault();
  event.returnValue = true; // for older browsers
});

for (const party of new Set(presses.map((one) => one.party))) draw(party);
if (presses.length) send();
