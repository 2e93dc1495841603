/* The door on a bad network. A press is answered by its row at once and sent behind the page; "here since" stands there only
   when the server has said so. The page is not left for one that can't be loaded. Without this file every press is a form. */

import { drop, first, home, isReachable, keep, last, presses, recall, send } from "./door-post.js";
import { search } from "./door-search.js";

const VERBS = ["here", "after-all", "undo"];
const SLOW = 1500; // milliseconds until a press without an answer is spoken of
const DOUBLE = 700; // a second tap in this time is none: the button that takes back has come under the thumb
const LINGERS = 8000;
const door = document.querySelector("[data-door]");
const find = door.querySelector("form.find");
const [bar, count, said] = ["unsent", "unsent-count", "said"].map((id) => document.getElementById(id));
const number = new Intl.NumberFormat(document.documentElement.lang, { useGrouping: false });

const settled = new Map(); // by party: its buttons as the server last drew them
const ready = new Map(); // and those with which it can be counted in
const touched = new Map();
let [way, stays, isLeaving, isPassing, isLeft] = ["", false, false, false, false];

const rowOf = (party) => door.querySelector(`[data-party="${CSS.escape(party)}"]`);
const copyOf = (id) => document.getElementById(id).content.cloneNode(true);

/* Show a party with what was last pressed, or as the server knows it. */
function draw(party) {
  const row = rowOf(party);
  if (!row) return;
  const [acts, press] = [row.querySelector(".acts"), last(party)];
  if (!settled.has(party)) settle(party, acts);
  if (!press) {
    acts.replaceChildren(...settled.get(party));
    return;
  }
  const being = copyOf(press.verb === "undo" ? "being-undo" : "being-here");
  for (const button of being.querySelectorAll("button")) {
    button.value = party;
    button.setAttribute("aria-describedby", `who-${party}`);
  }
  acts.replaceChildren(being, ...(press.verb === "undo" ? ready.get(party) ?? [] : []));
}

function settle(party, acts) {
  const nodes = [...acts?.children ?? []];
  settled.set(party, nodes);
  if (!acts) ready.delete(party);
  else if (acts.querySelector("button:not([data-since])")) ready.set(party, nodes);
}

function tell(row, texts, isBad) {
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

/* The notice over the end of the list. */
function report() {
  const refused = door.querySelector(".told.error:not(.seen)")?.closest("[data-party]");
  const isShown = { away: way === "away", shut: way === "shut", stay: stays, refused };
  for (const line of bar.querySelectorAll("[data-when]")) line.hidden = !isShown[line.dataset.when];
  if (refused) bar.querySelector("[data-when=refused] a").hash = refused.id ||= `party-${refused.dataset.party}`;
  bar.querySelector("[data-when=shut] a").target = keep() ? "" : "_blank"; // without storage, presses live with the page
  const text = count.dataset.text.replace("#", number.format(presses.length));
  if (count.textContent !== text) count.textContent = text;
  count.hidden = !presses.length;
  const isLate = presses.some((one) => Date.now() - one.at > SLOW);
  const wasHidden = bar.hidden;
  bar.hidden = !(presses.length && (way || isLate)) && !stays && !refused;
  if (wasHidden && !bar.hidden) document.activeElement.closest("[data-party]")?.scrollIntoView({ block: "nearest" });
}

function post() {
  send(take, (found) => {
    if (way && !found) said.textContent = said.dataset.done;
    way = found;
    stays &&= Boolean(found);
    report();
  });
}

function press(verb, button) {
  const party = button.value;
  const row = button.closest("[data-party]");
  const moment = performance.now(); // of a clock that nobody sets
  if (moment - (touched.get(party) ?? -DOUBLE) < DOUBLE) return;
  touched.set(party, moment);
  tell(row, []);
  const before = last(party);
  if (verb === "undo" && before && before.verb !== "undo" && !before.tried) {
    drop(before); // nobody has heard of it
  } else {
    const people = row.querySelector("select")?.value ?? "";
    presses.push({ party, verb, people, since: button.dataset.since ?? "", at: Date.now(), tried: false });
  }
  keep();
  draw(party);
  row.focus(); // and not the button that takes back
  setTimeout(report, SLOW + 100);
  report();
  post();
}

/* What the server answered to a press. */
function take({ party, verb }, isGood, { row: drawn, texts, heads, elsewhere }) {
  const fresh = new DOMParser().parseFromString(drawn, "text/html").querySelector("[data-party]");
  const next = first(party);
  if (verb !== "undo" && next?.verb === "undo") {
    if (isGood && !elsewhere) next.since ||= fresh?.querySelector("[data-since]")?.dataset.since ?? "";
    else drop(next); // what it should take back counted nobody
  }
  keep();
  for (const place of door.querySelectorAll("[data-heads]")) place.textContent = heads[place.dataset.heads];
  const row = rowOf(party) ?? (elsewhere || !isGood ? hold(party, fresh) : null);
  if (!row) return;
  const hadFocus = row.contains(document.activeElement);
  settle(party, fresh?.querySelector(".acts"));
  row.classList.toggle("came", Boolean(fresh?.matches(".came")));
  draw(party);
  if (hadFocus && !row.contains(document.activeElement)) row.focus();
  tell(row, texts, !isGood);
  if (!last(party)) speak(row, texts.join(" ") || row.querySelector(".since")?.textContent.trim());
  report();
}

/* A row for who does not stand on this page. */
function hold(party, fresh) {
  const row = fresh?.cloneNode(true) ?? copyOf("gone").firstElementChild;
  row.dataset.party = party;
  document.getElementById("held").append(row);
  return row;
}

/* Let the page be left if another can be loaded; else it stays, and that is said. */
async function leave(event, address, go, stay) {
  isLeaving = address.split(/[?#]/)[0] === home.href && keep(); // the door again, which sends first what is kept
  if (isPassing || !(stay || way === "away" || !navigator.onLine)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (await isReachable()) {
    isPassing = true;
    go();
    isPassing = false;
    return;
  }
  isLeaving = false;
  if (stay) {
    stay();
    return;
  }
  const show = (isShown) => { stays = isShown; report(); };
  show(true);
  setTimeout(show, LINGERS, false);
}

function searchHere() {
  search(find.elements.q.value, true);
  for (const line of door.querySelectorAll(".scan .said")) line.textContent = ""; // nothing is searched any more
}

// Before other scripts of the page: what is held back must not count as sent.
addEventListener("submit", (event) => {
  const { target: form, submitter: button } = event;
  const address = new URL(button?.getAttribute("formaction") ?? form.action, location);
  const verb = VERBS.find((one) => address.pathname === `${home.pathname}/${one}`);
  if (form === find) {
    leave(event, home.href, () => form.submit(), searchHere);
  } else if (verb && button?.name === "party") {
    event.preventDefault();
    press(verb, button);
  } else {
    leave(event, address.href, () => form.requestSubmit(button));
  }
}, true);
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  const isElsewhere = !link || link.origin !== location.origin || link.hash || link.target || event.ctrlKey || event.metaKey;
  if (!isElsewhere) leave(event, link.href, () => link.click());
}, true);
bar.querySelector("[data-when=refused] a").addEventListener("click", ({ target: link }) => {
  document.getElementById(link.hash.slice(1)).querySelector(".told").classList.add("seen"); // the next one is pointed at
  setTimeout(report);
});
find.elements.q.addEventListener("input", () => search(find.elements.q.value));
addEventListener("online", post);
document.addEventListener("visibilitychange", () => { if (!document.hidden && !isLeft) post(); });
addEventListener("pagehide", () => { isLeft = true; });
addEventListener("pageshow", () => { // one came back, and the browser had kept the page as it was
  if (!isLeft) return;
  [isLeft, isLeaving] = [false, false];
  recall();
  begin();
});
addEventListener("beforeunload", (event) => {
  if (!presses.length || isLeaving) return;
  event.preventDefault();
  event.returnValue = true; // for older browsers
});

function begin() {
  for (const party of new Set([...settled.keys(), ...presses.map((one) => one.party)])) draw(party);
  report();
  post();
}

begin();
