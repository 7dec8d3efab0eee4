//! The default rules, written a second time, over a tree of values.
//!
//! It reads documents and knows nothing of how they were made.

use serde_json::Value;

/// Seconds of `PT[nM]n[.n]S`.
fn duration(value: &Value) -> Option<f64> {
    let text = value.as_str()?.strip_prefix("PT")?.strip_suffix('S')?;
    let (minutes, seconds) = text.split_once('M').unwrap_or(("0", text));
    Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
}

/// The default rules, written a second time and by value: `rule pointer field`.
pub(crate) fn judge(document: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let root = if document.get("value").is_some() {
        "value"
    } else {
        "sessions"
    };
    let sessions = document[root].as_array().cloned().unwrap_or_default();
    for (s, session) in sessions.iter().enumerate() {
        let at = format!("/{root}/{s}");
        let failed = |value: &Value, at: &str, out: &mut Vec<String>| {
            let info = &value["failureInfo"];
            for field in ["stage", "reason"] {
                if !info[field].is_null() {
                    out.push(format!("call-failed {at} failureInfo.{field}"));
                }
            }
            !info.is_null()
        };
        let told = failed(session, &at, &mut out);
        for end in ["caller", "callee"] {
            let rating = &session[end]["feedback"]["rating"];
            if rating == "bad" || rating == "poor" {
                out.push(format!("poor-feedback {at}/{end}/feedback rating"));
            }
            assert!(session[end]["feedback"]["tokens"]["NoSound"] != true);
        }
        for (g, segment) in session["segments"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
        {
            let at = format!("{at}/segments/{g}");
            if !told {
                failed(segment, &at, &mut out);
            }
            for (m, media) in segment["media"]
                .as_array()
                .into_iter()
                .flatten()
                .enumerate()
            {
                for (t, stream) in media["streams"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .enumerate()
                {
                    let at = format!("{at}/media/{m}/streams/{t}");
                    judge_stream(&media["label"], stream, &at, &mut out);
                }
            }
        }
    }
    out.sort();
    out
}

fn judge_stream(label: &Value, stream: &Value, at: &str, out: &mut Vec<String>) {
    if stream["packetUtilization"]
        .as_u64()
        .is_none_or(|packets| packets <= 500)
    {
        return;
    }
    let number = |name: &str| stream[name].as_f64();
    let mut say = |rule: &str, field: &str, value: Option<f64>, beyond: &dyn Fn(f64) -> bool| {
        if value.is_some_and(beyond) {
            out.push(format!("{rule} {at} {field}"));
        }
    };
    let rule = match label.as_str() {
        Some("main-audio") => {
            for (field, limit) in [
                ("averagePacketLossRate", 0.1),
                ("averageAudioDegradation", 1.0),
                ("averageRatioOfConcealedSamples", 0.07),
            ] {
                say("poor-audio", field, number(field), &|value| value > limit);
            }
            for (field, limit) in [("averageJitter", 0.03), ("averageRoundTripTime", 0.5)] {
                say("poor-audio", field, duration(&stream[field]), &|value| {
                    value > limit
                });
            }
            return;
        }
        Some("main-video") => ("poor-video", 7.0),
        Some("applicationsharing-video") => ("poor-screen-sharing", 2.0),
        _ => return,
    };
    let fields = [
        "averageVideoFrameLossPercentage",
        "averageVideoFrameRate",
        "postForwardErrorCorrectionPacketLossRate",
    ];
    match fields.map(number) {
        [Some(loss), _, _] => say(rule.0, fields[0], Some(loss), &|value| value > 50.0),
        [None, Some(rate), _] => say(rule.0, fields[1], Some(rate), &|value| value < rule.1),
        [None, None, rest] => say(rule.0, fields[2], rest, &|value| value > 0.15),
    }
}
