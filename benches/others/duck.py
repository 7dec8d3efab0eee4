"""The rule on audio streams, as one would ask DuckDB, on one thread: `duck.py FEED`."""

import sys

import duckdb

QUERY = """
WITH media AS (
    SELECT json ->> 'id' AS call, unnest(json_extract(json, '$.sessions[*].segments[*].media[*]')) AS media
    FROM read_ndjson_objects(?, maximum_object_size = 67108864)
),
streams AS (
    SELECT call, unnest(json_extract(media, '$.streams[*]')) AS stream
    FROM media WHERE media ->> 'label' = 'main-audio'
),
readings AS (
    SELECT call, stream ->> 'streamId' AS stream_id,
        TRY_CAST(stream ->> 'packetUtilization' AS DOUBLE) AS packets,
        TRY_CAST(stream ->> 'averagePacketLossRate' AS DOUBLE) AS loss,
        stream ->> 'averageJitter' AS jitter,
        stream ->> 'averageRoundTripTime' AS round_trip,
        TRY_CAST(stream ->> 'averageAudioDegradation' AS DOUBLE) AS degradation,
        TRY_CAST(stream ->> 'averageRatioOfConcealedSamples' AS DOUBLE) AS concealed
    FROM streams
)
SELECT call || ' ' || stream_id FROM readings
WHERE packets > 500 AND (loss > 0.1 OR ms(jitter) > 30 OR ms(round_trip) > 500
    OR degradation > 1.0 OR concealed > 0.07)
"""

MS = """
CREATE MACRO ms(text) AS 1000 * (
    coalesce(TRY_CAST(regexp_extract(text, '(\\d+)H', 1) AS DOUBLE), 0) * 3600
    + coalesce(TRY_CAST(regexp_extract(text, '(\\d+)M', 1) AS DOUBLE), 0) * 60
    + coalesce(TRY_CAST(regexp_extract(text, '([0-9.]+)S', 1) AS DOUBLE), 0))
"""

connection = duckdb.connect(config={"threads": 1})
connection.execute(MS)
for (line,) in connection.execute(QUERY, [sys.argv[1]]).fetchall():
    print(line)
