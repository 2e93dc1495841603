// Reads a calendar as ical.js does, and says what it saw as JSON.
// node read_ical.mjs FOLDER-OF-ICAL.JS < {"ics": text, "times": [local times, read in the first VTIMEZONE]}
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const folder = process.argv[2];
const { main } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
const { default: ICAL } = await import(pathToFileURL(`${folder}/${main}`).href);
const { ics, times = [] } = JSON.parse(readFileSync(0, "utf8"));
const calendar = new ICAL.Component(ICAL.parse(ics));

const text = (component, name) => component.getFirstPropertyValue(name);
const events = calendar.getAllSubcomponents("vevent").map((component) => {
  const event = new ICAL.Event(component);
  return {
    uid: event.uid,
    start: event.startDate.toUnixTime(),
    end: event.endDate.toUnixTime(),
    summary: event.summary,
    description: event.description,
    location: event.location,
    status: text(component, "status"),
    sequence: event.sequence,
    url: text(component, "url"),
    stamp: text(component, "dtstamp").toUnixTime(),
    categories: component.getFirstProperty("categories")?.getValues() ?? [],
  };
});

const zones = calendar.getAllSubcomponents("vtimezone");
const zone = times.length ? new ICAL.Timezone(zones[0]) : null;
const seconds = times.map((time) => {
  const moment = ICAL.Time.fromDateTimeString(time);
  moment.zone = zone;
  return moment.toUnixTime();
});

const properties = Object.fromEntries(
  calendar.getAllProperties().map((property) => [property.name, String(property.getFirstValue())]),
);
process.stdout.write(JSON.stringify({ events, seconds, properties, zones: zones.map((z) => text(z, "tzid")) }));
