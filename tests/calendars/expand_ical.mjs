// Expands what comes again as ical.js does, and says when each date begins and ends (in seconds since 1970) as JSON.
// node expand_ical.mjs FOLDER-OF-ICAL.JS < {"ics": text}
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const folder = process.argv[2];
const { main } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
const { default: ICAL } = await import(pathToFileURL(`${folder}/${main}`).href);
const { ics } = JSON.parse(readFileSync(0, "utf8"));
const calendar = new ICAL.Component(ICAL.parse(ics));

const components = calendar.getAllSubcomponents("vevent");
const masters = components.filter((one) => !one.hasProperty("recurrence-id"));
const found = [];
const add = (item, start, end) =>
  found.push([start.toUnixTime(), end.toUnixTime(), item.component.getFirstPropertyValue("status"), item.summary]);
for (const component of masters) {
  const event = new ICAL.Event(component);
  for (const other of components) {
    if (other.hasProperty("recurrence-id") && other.getFirstPropertyValue("uid") === event.uid) event.relateException(other);
  }
  if (!event.isRecurring()) {
    add(event, event.startDate, event.endDate);
    continue;
  }
  const iterator = event.iterator();
  for (let next = iterator.next(); next && found.length < 3000; next = iterator.next()) {
    const details = event.getOccurrenceDetails(next);
    add(details.item, details.startDate, details.endDate);
  }
}
process.stdout.write(JSON.stringify(found));
