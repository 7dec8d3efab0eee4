// The rule on audio streams, as one would write it for Node.js: `audio.js FEED [SCHEMA]`.
//
// Prints the ids of call and stream. With a schema each record is checked first, by ajv.
"use strict";
const fs = require("node:fs");
const readline = require("node:readline");

const DURATION = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?$/;

function overMs(text, limit) {
  const parts = typeof text === "string" ? DURATION.exec(text) : null;
  if (parts === null) return false;
  const [hours, minutes, seconds] = parts.slice(1).map((part) => Number(part ?? 0));
  return (hours * 3600 + minutes * 60 + seconds) * 1000 > limit;
}

const over = (value, limit) => typeof value === "number" && value > limit;

const poor = (stream) =>
  over(stream.packetUtilization, 500) &&
  (over(stream.averagePacketLossRate, 0.1) ||
    overMs(stream.averageJitter, 30) ||
    overMs(stream.averageRoundTripTime, 500) ||
    over(stream.averageAudioDegradation, 1.0) ||
    over(stream.averageRatioOfConcealedSamples, 0.07));

async function main(feed, schema) {
  let valid = () => true;
  if (schema !== undefined) {
    const Ajv = require("ajv/dist/2020");
    const ajv = new Ajv({ strict: false, validateFormats: false });
    valid = ajv.compile(JSON.parse(fs.readFileSync(schema, "utf8")));
  }
  const lines = readline.createInterface({ input: fs.createReadStream(feed), crlfDelay: Infinity });
  let out = "";
  for await (const line of lines) {
    const record = JSON.parse(line);
    if (!valid(record)) throw new Error(`an invalid record: ${record.id}`);
    for (const session of record.sessions ?? [])
      for (const segment of session.segments ?? [])
        for (const media of segment.media ?? [])
          if (media.label === "main-audio")
            for (const stream of media.streams ?? [])
              if (poor(stream)) out += `${record.id} ${stream.streamId}\n`;
  }
  process.stdout.write(out);
}

main(...process.argv.slice(2));
