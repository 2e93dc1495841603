/* What was pressed at the door: kept in this tab without names until the server has answered, and sent again until then.
   The presses of a party are sent in their order. A press that is sent twice counts once: the server sees to that. */

const PATIENCE = 8000; // milliseconds until a request counts as lost
const LONGEST_PAUSE = 30_000;
const { door, now, until } = document.querySelector("[data-door]").dataset; // both by the server's clock
const form = document.querySelector("form.find");
export const home = new URL(form.action); // of the door's page; what is done there has addresses below it
const KEY = `door ${door}`;

export const presses = kept() ?? []; // { party, verb, people, since, at, tried }, the oldest first
export const first = (party) => presses.find((one) => one.party === party);
export const last = (party) => presses.filter((one) => one.party === party).pop();
export const drop = (press) => hold(presses.filter((one) => one !== press));

let [isSending, failures, timer] = [false, 0, 0];

/* What this tab keeps of this door, and nothing any more of a night that is over. */
function kept() {
  try {
    for (const key of Object.keys(sessionStorage).filter((one) => one.startsWith("door "))) {
      if (JSON.parse(sessionStorage[key]).until < now) sessionStorage.removeItem(key);
    }
    return JSON.parse(sessionStorage.getItem(KEY))?.presses ?? [];
  } catch {
    return null; // no storage: what is pressed lives as long as the page
  }
}

function hold(others) {
  presses.splice(0, presses.length, ...others);
}

/* Take up what other pages of this tab left, once one came back to this one: they sent some, and pressed more. */
export function recall() {
  const same = ({ party, at }) => presses.find((one) => one.party === party && one.at === at); // it may be on its way
  hold((kept() ?? presses).map((one) => same(one) ?? one));
}

/* Keep them as they are now; whether the next page of this tab will have them. */
export function keep() {
  try {
    if (presses.length) sessionStorage.setItem(KEY, JSON.stringify({ until: Number(until), presses }));
    else sessionStorage.removeItem(KEY);
    return true;
  } catch {
    return !presses.length; // as above
  }
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

/* Whether a page could be loaded now: a little is asked of the server, past what the browser keeps. */
export async function isReachable() {
  if (!navigator.onLine) return false;
  const { answer } = await ask(import.meta.url, { method: "HEAD", cache: "no-store" });
  return answer?.status > 0 && answer.status < 500; // also "not found": after an update, this file has another address
}

/* What is in the way of a press: "shut" until somebody signs in, "away", "stuck" alone; "" if it was answered. */
async function deliver(press, take, again = false) {
  press.tried = true;
  keep();
  const { party, verb, people, since } = press;
  const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value, party, since, [`people-${party}`]: people });
  const headers = { Accept: "application/json" };
  const { answer, told } = await ask(`${home.pathname}/${verb}`, { method: "POST", body, headers });
  if (told?.token && !again) {
    for (const field of document.getElementsByName("csrf_token")) field.value = told.token; // somebody signed in elsewhere
    return deliver(press, take, true);
  }
  if (told?.heads) {
    drop(press);
    take(press, answer.ok || (verb === "undo" && answer.status === 404), told);
    return "";
  }
  if (answer?.type === "opaqueredirect") return "shut"; // it leads to where one signs in
  if (!answer || answer.status === 429 || [502, 503, 504].includes(answer.status)) return "away";
  return answer.status >= 400 && answer.status < 500 ? "shut" : "stuck";
}

/* Send what is kept, the oldest first: `take(press, isGood, told)` each answer, and `report(way)` what is in the way. */
export async function send(take, report) {
  if (isSending || !presses.length) return;
  isSending = true;
  clearTimeout(timer);
  const stuck = new Set();
  let way = "";
  try {
    for (let press; way === "" && (press = presses.find((one) => !stuck.has(one.party)));) {
      way = await deliver(press, take);
      if (way !== "stuck") continue;
      stuck.add(press.party); // one that breaks the server keeps no other waiting
      way = "";
    }
  } finally {
    isSending = false;
  }
  way ||= stuck.size ? "away" : "";
  failures = way ? failures + 1 : 0;
  if (way === "away") timer = setTimeout(send, Math.min(1000 * 2 ** failures, LONGEST_PAUSE), take, report);
  report(way);
}
