//! What is told over time: timed records in, timed states out.
//!
//! Each file of `tests/cases/over_time` is a case, named by its sentence: rules, records made of
//! pieces with a time of their own, and every line that is told, in order. With `any_order`, the same
//! records in each order must end with the same standing alerts.

mod support;

#[path = "over_time/case.rs"]
mod case;
#[path = "over_time/replay.rs"]
mod replay;

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use case::{Case, Run};
use qualwatch::over_time::Options;
use qualwatch::redact::Redactor;
use qualwatch::{Engine, Input, OverTime};

#[test]
fn every_case_tells_what_it_wants() {
    let folder = support::root("tests/cases/over_time");
    let mut seen = 0;
    let mut wrong = Vec::new();
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("cases")
        .flatten()
        .map(|it| it.path())
        .collect();
    files.sort();
    for path in files {
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let text = fs::read_to_string(&path).expect("readable");
        let case: Case = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let run = Run::of(&case, &(0..case.given.len()).collect::<Vec<_>>());
        if run.told != case.want {
            wrong.push(format!(
                "{name}\n  want\n    {}\n  told\n    {}",
                case.want.join("\n    "),
                run.told.join("\n    ")
            ));
        }
        // While the program is not there nothing can be silent; all else goes on as if it never ended.
        if !case.rules.contains("silence") {
            let again = Run::with_restarts(&case);
            if again.told != run.told {
                wrong.push(format!(
                    "{name}: with restarts\n    {}\n  told without\n    {}",
                    again.told.join("\n    "),
                    run.told.join("\n    ")
                ));
            }
        }
        let counts: BTreeMap<&str, u64> = run.counts.named().into_iter().collect();
        for (count, want) in &case.counts {
            let got = counts
                .get(count.as_str())
                .unwrap_or_else(|| panic!("{name}: no count {count}"));
            if got != want {
                wrong.push(format!("{name}: {count} is {got}, wanted {want}"));
            }
        }
        if let Some(standing) = &case.any_order {
            for order in orders(case.given.len()) {
                let run = Run::of(&case, &order);
                if run.standing != *standing {
                    wrong.push(format!(
                        "{name}: in the order {order:?} there stands {:?}, wanted {standing:?}",
                        run.standing
                    ));
                    break;
                }
            }
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= 20, "{seen} cases");
}

/// Every order of so many things.
fn orders(number: usize) -> Vec<Vec<usize>> {
    assert!(number <= 6, "{number} records are too many for every order");
    let mut all = vec![Vec::new()];
    for next in 0..number {
        let mut longer = Vec::new();
        for order in &all {
            for at in 0..=order.len() {
                let mut order: Vec<usize> = order.clone();
                order.insert(at, next);
                longer.push(order);
            }
        }
        all = longer;
    }
    all
}

/// Under `--redact` a window's key, its calls and its fingerprint leave as marks: the same ones that
/// alerts on single calls have.
#[test]
fn what_a_window_tells_is_redacted_as_alerts_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key");
    fs::write(&key, "0123456789abcdef0123456789abcdef").expect("written");
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
    let rules = folder.path().join("rules");
    fs::create_dir(&rules).expect("a folder");
    let text = r#"
rule("bad", #{ on: "stream", when: |s| s.averageJitter > 30 });
window("often", #{ on: "stream", within: "60min", count: |s| s.averageJitter > 30, over: 0,
    by: |s| [s.client.network.subnet, s.client.userId, s.client.device.captureDeviceName, s.path] });
"#;
    fs::write(rules.join("r.rhai"), text).expect("written");
    let redactor = Redactor::from_file(&key).expect("a key");
    let engine = Engine::builder()
        .rules(&rules)
        .redact(redactor)
        .build()
        .expect("an engine");
    let record: case::Record = toml::from_str(
        r#"
call = "CANARY-call"
at = "09:00"
streams = [{ jitter = 40, user = "CANARY-user", subnet = "10.77.66.0", device = "CANARY-device" }]
"#,
    )
    .expect("a record");
    let mut report = engine
        .checker()
        .contributing()
        .check(Input::new(record.document().as_bytes(), "r.json"));
    let mut stage = OverTime::new(Arc::clone(&engine), Options::default());
    let told = stage.take(&mut report, engine.rules());
    let [transition] = told.transitions.as_slice() else {
        panic!("{told:?}")
    };
    let line = serde_json::to_string(transition).expect("JSON");
    assert!(
        !line.contains("CANARY") && !line.contains("10.77.66"),
        "{line}"
    );
    let client = report.alerts[0].findings[0]
        .client
        .as_ref()
        .expect("a client");
    let key = &transition.window.as_ref().expect("a window").key;
    assert_eq!(Some(&key[0]), client.subnet.as_ref());
    assert_eq!(Some(&key[1]), client.user_id.as_ref());
    assert_eq!(key[3], "uplink");
    assert_eq!(
        transition.calls[0],
        *report.alerts[0].call.id.as_ref().expect("an id")
    );
    let plain = qualwatch::alert::fingerprint(
        "often",
        &["10.77.66.0", "CANARY-user", "CANARY-device", "uplink"],
    );
    assert_ne!(transition.fingerprint, plain);
}
