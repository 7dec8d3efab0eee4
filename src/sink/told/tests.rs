//! What sinks know of an alert, and what a brief of it says.

use super::*;

#[test]
fn the_key_is_of_what_is_said_and_not_of_when_or_from_where() {
    let one = Told::read(crate::sink::sample::alert_json()).expect("an alert");
    let later = one
        .json()
        .replace("2026-01-13T09:40:00.000Z", "2026-01-14T00:00:00.000Z");
    let later = later.replace("dir/a.json", "other/b.json");
    assert_ne!(&*later, &**one.json());
    assert_eq!(Told::read(later).expect("an alert").event(), one.event());
    let other = one.json().replace("266", "267");
    assert_ne!(Told::read(other).expect("an alert").event(), one.event());
    assert_eq!(one.event().len(), 32);
}

#[test]
fn a_brief_says_which_call_how_bad_and_where_and_keeps_addresses_back() {
    let told = Told::read(crate::sink::sample::alert_json()).expect("an alert");
    let text = told.brief(Shown::default()).lines().join("\n");
    assert!(text.starts_with("warning: poor-audio\n"), "{text}");
    assert!(
        text.contains("averageRoundTripTime 266 ms > 200 ms"),
        "{text}"
    );
    assert!(
        text.contains("averagePacketLossRate 13.7 % > 10 %"),
        "{text}"
    );
    assert!(text.contains("1 of 2 streams"), "{text}");
    assert!(!text.contains("10.150"), "{text}");
    let all = Shown {
        addresses: true,
        ..Shown::default()
    };
    assert!(
        told.brief(all)
            .lines()
            .join("\n")
            .contains("wifi 10.150.0.0")
    );
}

#[test]
fn a_paragraph_that_says_what_is_kept_back_is_left_out() {
    let alert = |name: &str, field: &str, value: &str| {
        let json = crate::sink::sample::alert_json();
        let mut alert: Value = serde_json::from_str(&json).expect("JSON");
        alert["summary"] = format!("{name} said {value}.").into();
        alert["findings"][0]["client"]["name"] = name.into();
        alert["findings"][0]["evidence"][0]["field"] = field.into();
        alert["findings"][0]["evidence"][0]["value"] = value.into();
        Told::read(alert.to_string()).expect("an alert")
    };
    let plain = alert("Ann Berg", "rating", "bad").brief(Shown::default());
    assert_eq!(plain.paragraph.as_deref(), Some("Ann Berg said bad."));
    for (name, field, value) in [
        ("4930123456", "rating", "bad"),
        ("Ann Berg", "text", "it hums"),
    ] {
        let told = alert(name, field, value);
        assert_eq!(told.brief(Shown::default()).paragraph, None, "{name}");
        assert!(told.brief(Shown::ALL).paragraph.is_some(), "{name}");
    }
}

#[test]
fn only_alerts_are_taken_for_alerts() {
    assert!(matches!(Told::read("{"), Err(NoAlert::NoJson(_))));
    assert!(matches!(Told::read("{}"), Err(NoAlert::OtherSchema)));
}
