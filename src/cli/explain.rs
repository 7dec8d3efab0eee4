//! `qualwatch explain`: why each rule fired, stayed quiet or could not tell, place by place.
//!
//! The engine explains; this shows it. What is refused is said on standard error, as in the main
//! job. Nothing is judged here.

mod json;
mod text;
mod windows;

use super::Exit;
use super::args::{Explain as Args, Form};
use super::output::{Results, complain};
use super::reading;
use crate::engine::{self, Engine};
use crate::over_time;
use crate::rules::RuleSet;
use crate::text::Safe;

/// Does the job.
pub(super) fn run(args: &Args) -> Exit {
    let (out_painter, painter) = reading::painters(args.color);
    let wanted = engine::Explain {
        rules: args.rule.clone(),
        at: args.at.clone(),
        bare: false,
    };
    let builder = Engine::builder()
        .api(args.documents.api)
        .caps(args.documents.limits.caps())
        .explain(wanted);
    let (engine, _) = match reading::engine(builder, &args.which, painter) {
        Ok(built) => built,
        Err(message) => {
            complain(&message);
            return Exit::Usage;
        }
    };
    if let Some(message) = unknown_rule(args, engine.rules()).or_else(|| bad_pointer(args)) {
        complain(&format!("error: {message}\n"));
        return Exit::Usage;
    }
    let of_windows = |name: &String| {
        engine
            .rules()
            .windows()
            .iter()
            .any(|it| **it.name() == **name)
    };
    let only_windows = !args.rule.is_empty() && args.rule.iter().all(of_windows);
    let mut results = Results::default();
    let text = text::Text::new(out_painter, engine.rules(), args.each || args.at.is_some());
    let read = reading::read(
        &engine,
        &args.paths,
        &args.documents,
        painter,
        Some(over_time::Options {
            contents: true,
            ..over_time::Options::default()
        }),
        &mut |source, judged| {
            let name = source.to_string();
            if judged.report.has_something_to_say_beyond_alerts() {
                complain(&painter.document(&name, &judged));
            }
            let explained = judged.report.explained.as_ref();
            if let Some(explained) = explained.filter(|_| !only_windows) {
                let shown = match args.format {
                    Form::Text => text.document(&name, judged.origin, explained),
                    Form::Json => json::document(&name, judged.origin, explained, engine.rules()),
                };
                results.write(&shown);
            }
            !results.is_over()
        },
    );
    match read {
        Err(message) => {
            complain(&format!("error: {message}\n"));
            Exit::Usage
        }
        Ok(read) => {
            let wanted = |name: &str| args.rule.is_empty() || args.rule.iter().any(|it| it == name);
            let windows = read.windows.iter().filter(|(rule, _)| wanted(rule.name()));
            // One that holds nothing is told where it was asked for.
            let windows = windows.filter(|(_, held)| !held.is_empty() || !args.rule.is_empty());
            for (rule, held) in windows.filter(|_| args.at.is_none()) {
                results.write(&match args.format {
                    Form::Text => windows::text(out_painter, rule, held),
                    Form::Json => windows::object(rule, held),
                });
            }
            results.exit(if read.failed { Exit::World } else { Exit::Done })
        }
    }
}

/// What is wrong with the names of `--rule`.
fn unknown_rule(args: &Args, rules: &RuleSet) -> Option<String> {
    let windows = || rules.windows().iter().map(|rule| &**rule.name());
    let names = || {
        rules
            .rules()
            .iter()
            .map(|rule| &**rule.name())
            .chain(windows())
    };
    let unknown = args
        .rule
        .iter()
        .find(|wanted| names().all(|name| name != wanted.as_str()))?;
    let help = crate::rules::did_you_mean(unknown, names()).unwrap_or_else(|| {
        let all: Vec<&str> = names().collect();
        format!("the rules are {}", all.join(", "))
    });
    Some(format!(
        "there is no rule `{}`; {}",
        Safe(unknown),
        Safe(&help)
    ))
}

/// What is wrong with `--at`.
fn bad_pointer(args: &Args) -> Option<String> {
    let at = args.at.as_deref()?;
    (!at.is_empty() && !at.starts_with('/')).then(|| {
        format!(
            "`{}` is no JSON Pointer; write it as in an alert, such as /sessions/0/segments/1",
            Safe(at)
        )
    })
}
