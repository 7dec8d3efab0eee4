//! `qualwatch sinks test` and `qualwatch routes`: is it connected, and to whom?
//!
//! A test sends one alert that says it is a test, past every queue. Routes are
//! asked without sending anything.

use std::fmt::Write as _;
use std::io::Read as _;

use serde_json::json;

use super::Exit;
use super::args::{Form, Routes, SinksTest};
use super::output::{complain, print};
use crate::clock::{Clock as _, SystemClock};
use crate::sink::route::route;
use crate::sink::{self, Config, Told};
use crate::text::Safe;

/// Sends a test to the sinks that are asked for.
pub(super) fn test(args: &SinksTest, config: &Config) -> Exit {
    let chosen: Vec<_> = config
        .sinks
        .iter()
        .filter(|sink| match &args.name {
            Some(name) => *sink.name == **name,
            None => sink.enabled,
        })
        .collect();
    if chosen.is_empty() {
        complain(&nobody(config, args.name.as_deref()));
        return Exit::Usage;
    }
    let now = SystemClock.now();
    let mut all_took_it = true;
    for configured in chosen {
        let Some(sink) = &configured.sink else {
            // Standard output is ours to write, and there is nobody to ask.
            if let Some(told) = sink::test_alert(now) {
                let _ = print(format!("{}\n", told.json()).as_bytes());
            }
            continue;
        };
        let outcome = sink::test(sink, now);
        all_took_it &= outcome.is_delivered();
        let why = if outcome.is_delivered() {
            format!("{} took the test", sink.shown())
        } else {
            outcome.why().to_owned()
        };
        let word = if outcome.is_delivered() {
            "ok"
        } else {
            "failed"
        };
        let line = format!(
            "{word:6}  {}  {}  {}\n",
            configured.name,
            configured.kind,
            Safe(&why)
        );
        let _ = print(line.as_bytes());
    }
    if all_took_it {
        Exit::Done
    } else {
        Exit::Findings
    }
}

fn nobody(config: &Config, name: Option<&str>) -> String {
    if config.sinks.is_empty() {
        return "error: no sink is configured; add a [[sink]] to qualwatch.toml, or name the file with --config\n".to_owned();
    }
    let Some(name) = name else {
        return "error: every sink is disabled; name one to test it all the same\n".to_owned();
    };
    let names = config.sinks.iter().map(|sink| &*sink.name);
    let help = crate::rules::did_you_mean(name, names.clone())
        .unwrap_or_else(|| format!("there are {}", names.collect::<Vec<_>>().join(", ")));
    format!("error: there is no sink `{}`; {help}\n", Safe(name))
}

/// Tells who would get an alert, and why.
pub(super) fn routes(args: &Routes, config: &Config) -> Exit {
    let usage = |message: String| {
        complain(&format!("{message}\n"));
        Exit::Usage
    };
    let mut text = String::new();
    let shown = args.alert.display().to_string();
    let read = if shown == "-" {
        std::io::stdin().lock().read_to_string(&mut text)
    } else {
        std::fs::File::open(&args.alert).and_then(|mut file| file.read_to_string(&mut text))
    };
    if let Err(error) = read {
        return usage(format!("error: cannot read {}: {error}", Safe(&shown)));
    }
    let mut alerts = Vec::new();
    for value in serde_json::Deserializer::from_str(&text).into_iter::<serde_json::Value>() {
        let told = match value {
            Ok(value) => Told::read(value.to_string()),
            Err(error) => return usage(format!("error: {}: {error}", Safe(&shown))),
        };
        match told {
            Ok(told) => alerts.push(told),
            Err(error) => return usage(format!("error: {}: {error}", Safe(&shown))),
        }
    }
    if alerts.is_empty() {
        return usage(format!("error: {} holds no alert", Safe(&shown)));
    }
    let mut answer = String::new();
    let mut nowhere = false;
    for told in &alerts {
        let routed = route(&config.routes, &config.names(), told);
        nowhere |= routed.sinks.is_empty();
        if args.format == Form::Json {
            let tried: Vec<_> = routed
                .tried
                .iter()
                .map(|tried| json!({"line": tried.line, "fits": tried.misfit.is_none(), "misfit": tried.misfit}))
                .collect();
            let sinks: Vec<&str> = routed.sinks.iter().map(|name| &**name).collect();
            answer.push_str(&super::json::line(&json!({
                "schema": "qualwatch.routes/1", "id": told.text("/id"), "rule": told.rule(),
                "sinks": sinks, "routes": tried,
            })));
            continue;
        }
        let call = told.call().unwrap_or("without an id");
        let _ = writeln!(
            answer,
            "{}  {}  call {}",
            told.severity(),
            Safe(told.rule()),
            Safe(call)
        );
        if routed.sinks.is_empty() {
            answer.push_str("  goes to no sink\n");
        }
        for name in &routed.sinks {
            let kind = config.sink(name).map_or("", |sink| sink.kind);
            let _ = writeln!(answer, "  {name}  {kind}");
        }
        if config.routes.is_empty() {
            answer.push_str("  there are no routes, so every sink gets every alert\n");
        }
        for tried in &routed.tried {
            let why = match &tried.misfit {
                None => "fits".to_owned(),
                Some(why) => format!("does not fit: {}", Safe(why)),
            };
            let _ = writeln!(answer, "  route of line {} {why}", tried.line);
        }
    }
    let _ = print(answer.as_bytes());
    if nowhere { Exit::Findings } else { Exit::Done }
}
