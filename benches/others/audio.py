"""The rule on audio streams, as one would write it in Python: `audio.py FEED [SCHEMA]`.

Prints the ids of call and stream. With a schema each record is checked first.
"""

import re
import sys

import orjson

DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?")


def over_ms(text, limit):
    if not isinstance(text, str):
        return False
    parts = DURATION.fullmatch(text)
    if parts is None:
        return False
    hours, minutes, seconds = (float(part or 0) for part in parts.groups())
    return (hours * 3600 + minutes * 60 + seconds) * 1000 > limit


def over(value, limit):
    return isinstance(value, (int, float)) and value > limit


def poor(stream):
    return over(stream.get("packetUtilization"), 500) and (
        over(stream.get("averagePacketLossRate"), 0.1)
        or over_ms(stream.get("averageJitter"), 30)
        or over_ms(stream.get("averageRoundTripTime"), 500)
        or over(stream.get("averageAudioDegradation"), 1.0)
        or over(stream.get("averageRatioOfConcealedSamples"), 0.07)
    )


def main(feed, schema=None):
    valid = None
    if schema is not None:
        import jsonschema_rs

        with open(schema, "rb") as text:
            valid = jsonschema_rs.validator_for(orjson.loads(text.read())).is_valid
    out = sys.stdout
    with open(feed, "rb") as lines:
        for line in lines:
            record = orjson.loads(line)
            if valid is not None and not valid(record):
                raise SystemExit(f"an invalid record: {record['id']}")
            for session in record.get("sessions") or ():
                for segment in session.get("segments") or ():
                    for media in segment.get("media") or ():
                        if media.get("label") != "main-audio":
                            continue
                        for stream in media.get("streams") or ():
                            if poor(stream):
                                out.write(f"{record['id']} {stream['streamId']}\n")


main(*sys.argv[1:])
