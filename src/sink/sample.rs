//! The alert that `qualwatch sinks test` sends: complete, and visibly a test.
//!
//! Its call and its reading are invented, and it says so.

/// One alert with a finding of each kind of member.
pub(crate) fn alert_json() -> String {
    json("poor-audio", "2026-01-13T09:40:00.000Z", None)
}

/// The alert of a test, raised at a moment.
pub(crate) fn test_json(raised_at: &str) -> String {
    json(
        "qualwatch-test",
        raised_at,
        Some("a test of this sink by `qualwatch sinks test`; no call went bad"),
    )
}

fn json(rule: &str, raised_at: &str, title: Option<&str>) -> String {
    let mut alert = serde_json::json!({
        "schema": crate::alert::SCHEMA,
        "id": crate::alert::alert_id(rule, &["00000000-0000-4000-8000-000000000000"], crate::alert::State::Event),
        "fingerprint": crate::alert::fingerprint(rule, &["00000000-0000-4000-8000-000000000000"]),
        "state": "event", "rule": rule, "severity": "warning", "on": "stream",
        "raisedAt": raised_at,
        "call": {"id": "00000000-0000-4000-8000-000000000000", "version": 1, "type": "peerToPeer",
            "partial": false, "start": "2026-01-13T09:00:00.1234567Z", "end": "2026-01-13T09:30:00Z"},
        "source": {"name": "dir/a.json", "line": 1},
        "affected": {"fired": 1, "of": 2, "unknown": 0},
        "findings": [{
            "at": "/sessions/0/segments/0/media/0/streams/1", "line": 148,
            "what": {"media": "main-audio", "direction": "calleeToCaller", "path": "downlink"},
            "client": {"end": "caller", "name": "Example User", "platform": "android",
                "connection": "wifi", "subnet": "10.150.0.0", "device": "Default output device"},
            "evidence": [
                {"pointer": "/sessions/0/segments/0/media/0/streams/1/averageRoundTripTime",
                 "line": 151, "column": 41, "field": "averageRoundTripTime", "value": 266.0,
                 "op": ">", "limit": 200.0, "limitName": "round_trip", "unit": "ms"},
                {"pointer": "/sessions/0/segments/0/media/0/streams/1/averagePacketLossRate",
                 "line": 152, "column": 42, "field": "averagePacketLossRate", "value": 0.137,
                 "op": ">", "limit": 0.1, "limitName": "packet_loss", "unit": "ratio"}],
        }],
        "labels": {"team": "voice"},
    });
    if let Some(title) = title {
        alert["title"] = title.into();
    }
    alert.to_string()
}
