//! Trials to verdicts: each record through the whole engine, and what the rules said of it.
//!
//! An engine is built once for each set of limits. The records of pieces must be valid, and every
//! name in them known; else the case is wrong, and not the rules.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::cover::Cover;
use super::problem::Problem;
use super::read::{Expected, Record, Rules, Trial, Want};
use super::timed::{self, Hands};
use crate::cli::render::evidence_in_words;
use crate::clock::Clock;
use crate::engine::{Engine, Explain, Input, Report, RuleCount};
use crate::pipeline::{self, Event};
use crate::rules::RuleSet;
use crate::schema::NoticeKind;
use crate::source::ReadOptions;

/// The rules of one folder, loaded with any limits.
pub(super) struct Pack {
    /// the folder; `None` for the shipped rules
    folder: Option<PathBuf>,
    engines: BTreeMap<BTreeMap<String, String>, Arc<Engine>>,
    /// the time of cases over time
    clock: Arc<Hands>,
}

impl Pack {
    pub(super) fn new(folder: Option<PathBuf>) -> Pack {
        Pack {
            folder,
            engines: BTreeMap::new(),
            clock: Arc::new(Hands::default()),
        }
    }

    /// The engine with these limits.
    pub(super) fn engine(
        &mut self,
        limits: &BTreeMap<String, String>,
    ) -> Result<Arc<Engine>, crate::engine::BuildError> {
        if let Some(engine) = self.engines.get(limits) {
            return Ok(Arc::clone(engine));
        }
        let mut builder = Engine::builder()
            .explain(Explain::default())
            .clock(Arc::clone(&self.clock) as Arc<dyn Clock>);
        if let Some(folder) = &self.folder {
            builder = builder.rules(folder);
        }
        for (name, value) in limits {
            builder = builder.set(format!("{name}={value}"));
        }
        let engine = builder.build()?;
        self.engines.insert(limits.clone(), Arc::clone(&engine));
        Ok(engine)
    }
}

impl Rules for Pack {
    fn set(&mut self, limits: &BTreeMap<String, String>) -> Result<RuleSet, String> {
        match self.engine(limits) {
            Ok(engine) => Ok(engine.rules().clone()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// How a trial ended.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) trial: Trial,
    /// what was wanted and did not come, or came unwanted; empty if all is well
    pub(super) differences: Vec<Difference>,
}

/// One rule that said something else.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    pub(super) rule: String,
    pub(super) wanted: Vec<String>,
    pub(super) got: Vec<String>,
}

/// Judges a trial; what is wrong with the case itself goes to `problems`.
pub(super) fn judge(
    trial: Trial,
    pack: &mut Pack,
    cover: &mut Cover,
    problems: &mut Vec<Problem>,
) -> Option<Outcome> {
    let engine = match pack.engine(&trial.limits) {
        Ok(engine) => engine,
        Err(error) => {
            let message = error.to_string();
            problems.push(Problem::new(&trial.file, trial.span.clone(), message));
            return None;
        }
    };
    let reports = match &trial.record {
        Record::Timed(moments, wanted) => {
            let (rule, clock) = (trial.rule.as_deref(), Arc::clone(&pack.clock));
            let mut wrong = |report: &Report| {
                let wrong = of_pieces(&trial, report);
                let is_wrong = !wrong.is_empty();
                problems.extend(wrong);
                is_wrong
            };
            let got = timed::told(&engine, &clock, moments, rule, &mut wrong)?;
            for line in &got {
                cover.told(line);
            }
            let differences = (got != *wanted).then(|| Difference {
                rule: "told over time".to_owned(),
                wanted: wanted.clone(),
                got,
            });
            return Some(Outcome {
                differences: differences.into_iter().collect(),
                trial,
            });
        }
        Record::Text(text) => {
            let report = engine.checker().check(Input::new(text.as_bytes(), "case"));
            let wrong = of_pieces(&trial, &report);
            if !wrong.is_empty() {
                problems.extend(wrong);
                return None;
            }
            vec![report]
        }
        Record::File(path) => match of_file(&engine, path) {
            Ok(reports) => reports,
            Err(why) => {
                problems.push(Problem::new(&trial.file, trial.span.clone(), why));
                return None;
            }
        },
    };
    for report in &reports {
        cover.see(&engine, &trial, report);
    }
    let differences = differences(&trial, &engine, &reports);
    Some(Outcome { trial, differences })
}

/// Why a record of pieces says nothing about the rules.
fn of_pieces(trial: &Trial, report: &Report) -> Vec<Problem> {
    let span = |pointer: &str| {
        let name = pointer
            .rsplit('/')
            .find(|name| name.parse::<u64>().is_err());
        let known = name.and_then(|name| trial.spans.get(name));
        known.cloned().unwrap_or_else(|| trial.span.clone())
    };
    let broken = report.problems.iter().map(|problem| {
        let message = format!("found {}, wanted {}", problem.found, problem.wanted);
        Problem::new(&trial.file, span(&problem.pointer), message).help(problem.hint.clone())
    });
    let odd = report
        .notices
        .iter()
        .filter(|notice| notice.kind == NoticeKind::UnknownMember)
        .map(|notice| {
            let message = format!("found {}, wanted {}", notice.found, notice.wanted);
            Problem::new(&trial.file, span(&notice.pointer), message)
        });
    let mut wrong: Vec<Problem> = broken.chain(odd).collect();
    if wrong.is_empty()
        && let Some(fault) = &report.fault
    {
        wrong.push(Problem::new(
            &trial.file,
            trial.span.clone(),
            fault.message.as_str(),
        ));
    }
    wrong
}

/// What became of each document of a file.
fn of_file(engine: &Arc<Engine>, path: &std::path::Path) -> Result<Vec<Report>, String> {
    let options = pipeline::Options {
        workers: 1,
        every_document: true,
        ..pipeline::Options::default()
    };
    let intake = pipeline::files(vec![path.to_owned()], ReadOptions::default());
    let running = pipeline::run(Arc::clone(engine), vec![intake], options);
    let (mut reports, mut failed) = (Vec::new(), None);
    for event in &running.events {
        match event {
            Event::Judged { documents, .. } => {
                reports.extend(documents.into_iter().map(|judged| judged.report));
            }
            Event::End { outcome, .. } => failed = outcome.error.map(|error| error.to_string()),
            _ => {}
        }
    }
    running.join();
    match failed {
        Some(why) => Err(format!("{}: {why}", path.display())),
        None if reports.is_empty() => Err(format!("{} holds no document", path.display())),
        None => Ok(reports),
    }
}

fn differences(trial: &Trial, engine: &Engine, reports: &[Report]) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (number, rule) in engine.rules().rules().iter().enumerate() {
        let name = &**rule.name();
        let mut counts = RuleCount::default();
        for report in reports {
            let Some(said) = report.rules.get(number) else {
                continue;
            };
            counts.fired += said.fired;
            counts.quiet += said.quiet;
            counts.unknown += said.unknown;
            counts.failed += said.failed;
        }
        let evidence: Vec<String> = reports
            .iter()
            .flat_map(|report| &report.alerts)
            .filter(|alert| alert.rule == name)
            .flat_map(|alert| &alert.findings)
            .flat_map(|finding| &finding.evidence)
            .map(evidence_in_words)
            .collect();
        let want = trial.wants.iter().find(|want| want.rule == name);
        let got = || got(counts, &evidence, reports, number);
        match want {
            Some(want) if !is_met(want, counts, &evidence) => differences.push(Difference {
                rule: name.to_owned(),
                wanted: wanted(want),
                got: got(),
            }),
            None if trial.exhaustive && counts.fired > 0 => differences.push(Difference {
                rule: name.to_owned(),
                wanted: vec!["not fired".to_owned()],
                got: got(),
            }),
            _ => {}
        }
    }
    differences
}

fn is_met(want: &Want, counts: RuleCount, evidence: &[String]) -> bool {
    let (places, said) = match want.said {
        Expected::Fired => (counts.fired, counts.fired > 0),
        Expected::Quiet => (
            counts.quiet,
            counts.quiet > 0 && counts.fired == 0 && counts.unknown == 0,
        ),
        Expected::Unknown => (counts.unknown, counts.unknown > 0 && counts.fired == 0),
    };
    let whole = |line: &str, want: &str| line == want || line.split(' ').next() == Some(want);
    let as_wanted = want.evidence.as_ref().is_none_or(|wanted| {
        wanted
            .iter()
            .all(|want| evidence.iter().any(|line| whole(line, want)))
            && evidence
                .iter()
                .all(|line| wanted.iter().any(|want| whole(line, want)))
    });
    counts.failed == 0 && said && want.places.is_none_or(|wanted| wanted == places) && as_wanted
}

fn wanted(want: &Want) -> Vec<String> {
    let mut lines = vec![match want.places {
        Some(places) => format!("{} on {places}", in_words(want.said)),
        None => in_words(want.said).to_owned(),
    }];
    lines.extend(want.evidence.iter().flatten().cloned());
    lines
}

fn in_words(said: Expected) -> &'static str {
    match said {
        Expected::Fired => "fired",
        Expected::Quiet => "quiet",
        Expected::Unknown => "could not tell",
    }
}

/// What a rule said, and why.
fn got(counts: RuleCount, evidence: &[String], reports: &[Report], rule: usize) -> Vec<String> {
    let said: Vec<String> = [
        (counts.fired, "fired"),
        (counts.quiet, "quiet"),
        (counts.unknown, "could not tell"),
        (counts.failed, "broke"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, what)| match number {
        1 => what.to_owned(),
        number => format!("{what} on {number}"),
    })
    .collect();
    if said.is_empty() {
        return vec!["not asked: the record has no place for it".to_owned()];
    }
    let mut lines = vec![said.join(", ")];
    lines.extend(evidence.iter().cloned());
    if counts.fired == 0 {
        let faults = reports.iter().flat_map(|report| &report.rule_faults);
        let faults = faults.filter(|(number, _)| *number == rule);
        lines.extend(faults.map(|(_, fault)| fault.message.clone()));
        lines.extend(super::cover::reasons(reports, rule));
    }
    lines
}
