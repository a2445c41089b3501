// What ical.js makes of calendars: one in base64 per line of standard input, one line of JSON for each.
// node reader.mjs FOLDER, where FOLDER is the one in which `npm ci` was run.

import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const ICAL = createRequire(join(resolve(process.argv[2]), "package.json"))("ical.js");
const SPECIAL = new Set(["dtstart", "dtend", "dtstamp"]);

// A day as it is written; an instant in seconds since 1970, by the zone that the file itself describes.
const moment = (time) => (time.isDate ? time.toString() : time.toUnixTime());

const value = (property) => {
  const values = property.getValues();
  if (values.length !== 1) throw new Error(`${property.name} has ${values.length} values`);
  return SPECIAL.has(property.name) ? moment(values[0]) : String(values[0]);
};

const told = (component) => ({
  name: component.name,
  properties: component.getAllProperties().map((property) => [property.name, value(property)]),
  components: component.getAllSubcomponents().map(told),
});

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(line, "base64"));
    answer = told(new ICAL.Component(ICAL.parse(text)));
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
