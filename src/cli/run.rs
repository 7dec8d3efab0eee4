//! The main job: sources in, alerts and messages out, a summary at the end.
//!
//! Builds engine and pipeline from the flags, shows every event, and chooses
//! the exit status. It judges nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};

use super::Exit;
use super::args::{FailOn, Form, Run};
use super::delivery::{self, Delivered, Delivery};
use super::output::Output;
use super::rejects::Rejects;
use super::render::{count, counted};
use crate::alert::Alert;
use crate::deliver::Ender;
use crate::engine::{BuildError, Engine, Notices, Verdict};
use crate::pipeline::{self, Event, Intake, Judged, Stopper};
use crate::redact::Redactor;
use crate::rules::{self, RuleSet, Severity};
use crate::schema::SchemaError;
use crate::source::{FolderCounts, FolderOptions, SourceName};
use crate::stats::Summary;
use crate::text::Safe;

/// Counts of files, by what became of them.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// read to their end
    read: u64,
    /// not opened, or broken off
    failed: u64,
    /// of those read: without any document
    without_documents: u64,
    /// bytes read of them, decompressed
    bytes: u64,
    /// entries of folders passed over, by reason
    passed_over: BTreeMap<&'static str, u64>,
    /// what the folders counted
    folders: Vec<FolderCounts>,
}

impl Files {
    pub(super) fn json(&self) -> serde_json::Value {
        let sum = |count: fn(&FolderCounts) -> u64| self.folders.iter().map(count).sum::<u64>();
        json!({
            "read": self.read,
            "failed": self.failed,
            "withoutDocuments": self.without_documents,
            "bytes": self.bytes,
            "passedOver": self.passed_over,
            "folders": {
                "seen": sum(|folder| folder.seen),
                "read": sum(|folder| folder.read),
                "pending": sum(|folder| folder.pending),
                "failed": sum(|folder| folder.failed),
                "gone": sum(|folder| folder.gone),
                "requeued": sum(|folder| folder.requeued),
                "hinted": sum(|folder| folder.hinted),
                "scanned": sum(|folder| folder.scanned),
                "recovered": sum(|folder| folder.recovered),
                "overflows": sum(|folder| folder.overflows),
            },
        })
    }
}

/// Does the main job.
pub(super) fn run(args: &Run) -> Exit {
    let (engine, notices) = match build(args) {
        Ok(built) => built,
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "{message}");
            return Exit::Usage;
        }
    };
    let mut output = Output::new(args.format, args.color);
    if !notices.is_empty() {
        let (form, painter) = output.messages();
        let text = match form {
            Form::Text if !args.check => format!(
                "{}  {} about the rules; --check shows {}\n",
                painter.bold("notice"),
                counted(notices.len() as u64, "notice"),
                if notices.len() == 1 { "it" } else { "them" },
            ),
            Form::Text => {
                let mut text = rules::render(&notices, engine.rules().sources(), painter.colour);
                text.push('\n');
                text
            }
            Form::Json => notices.iter().map(super::json::about_rules).collect(),
        };
        output.message(&text);
    }
    if args.check {
        output.text(&list(engine.rules()));
        output.end_progress();
        return Exit::Done;
    }
    let config = match super::config::read(args.config.as_deref()) {
        Ok(config) => config,
        Err(message) => {
            output.end_progress();
            output.message(&format!("{message}\n"));
            return Exit::Usage;
        }
    };
    let intakes = match intakes(args) {
        Ok(intakes) => intakes,
        Err(message) => {
            output.end_progress();
            output.message(&format!("error: {message}\n"));
            return Exit::Usage;
        }
    };
    if let Some(message) = args
        .rejects
        .as_deref()
        .and_then(|folder| read_again(args, folder))
    {
        output.end_progress();
        output.message(&format!("error: {message}\n"));
        return Exit::Usage;
    }
    let rejects = match args.rejects.as_deref().map(Rejects::open).transpose() {
        Ok(rejects) => rejects,
        Err(error) => {
            output.end_progress();
            output.message(&format!(
                "error: cannot make the folder of --rejects, {}: {error}\n",
                args.rejects.as_deref().unwrap_or(Path::new("")).display()
            ));
            return Exit::World;
        }
    };
    let delivery = match Delivery::start(config, output.voice()) {
        Ok(delivery) => delivery,
        Err(error) => {
            output.end_progress();
            output.message(&format!("error: cannot start the sinks: {error}\n"));
            return Exit::World;
        }
    };
    let running = pipeline::run(
        Arc::clone(&engine),
        intakes.list,
        pipeline::Options {
            workers: args
                .workers
                .map_or_else(|| pipeline::Options::default().workers, usize::from),
            keep_refused: true,
            pool: intakes.pool,
            every_document: false,
        },
    );
    if let Err(error) = stop_on_signals(running.stopper(), delivery.as_ref().map(Delivery::ender)) {
        output.message(&format!("error: cannot listen for signals: {error}\n"));
        return Exit::World;
    }
    if let (Form::Text, painter) = output.messages()
        && intakes.watches
    {
        let folders: Vec<String> = args
            .paths
            .iter()
            .filter(|path| path.is_dir())
            .map(|path| Safe(&path.display().to_string()).to_string())
            .collect();
        output.message(&format!(
            "{}  {}  with {}; Ctrl-C ends with a summary\n",
            painter.bold("watching"),
            folders.join(", "),
            counted(engine.rules().rules().len() as u64, "rule"),
        ));
    }
    let mut job = Job {
        output,
        delivery,
        rejects,
        summary: Summary::default(),
        files: Files::default(),
        world_failed: false,
        fault_shown: vec![false; engine.rules().rules().len()],
        notices_shown: std::collections::BTreeSet::new(),
        engine: &engine,
    };
    let stopper = running.stopper();
    for event in &running.events {
        job.show(event);
        if job.output.is_gone() {
            stopper.stop();
        }
    }
    running.join();
    job.finish(args)
}

/// Why rejects must not go to `folder`: what is kept there would be read again.
fn read_again(args: &Run, folder: &Path) -> Option<String> {
    let there = folder.canonicalize().ok()?;
    args.paths
        .iter()
        .find(|path| path.is_dir() && path.canonicalize().ok().as_ref() == Some(&there))
        .map(|path| {
            format!(
                "--rejects {} is the folder that is read, so each reject would be read again; give another one",
                path.display()
            )
        })
}

fn build(args: &Run) -> Result<(Arc<Engine>, Vec<rules::Notice>), String> {
    let mut builder = Engine::builder()
        .caps(args.limits.caps())
        .max_problems(args.limits.max_problems)
        .api(args.api)
        .notices(Notices::FirstOfEach);
    if let Some(schema) = &args.schema {
        builder = builder.schema_file(schema);
    }
    if let Some(path) = &args.redact {
        let redactor = Redactor::from_file(path).map_err(|why| {
            format!(
                "error: no key can be read from {}: {why}",
                Safe(&path.display().to_string())
            )
        })?;
        builder = builder.redact(redactor);
    }
    for path in &args.rules {
        builder = builder.rules(path);
    }
    for written in &args.set {
        builder = builder.set(written);
    }
    builder.build_with_notices().map_err(|error| {
        let colour = std::io::stderr().is_terminal()
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        match error {
            BuildError::Rules(errors) if args.format == Some(Form::Json) => {
                let lines: String = errors
                    .problems
                    .iter()
                    .map(super::json::about_rules)
                    .collect();
                lines.trim_end().to_owned()
            }
            BuildError::Rules(errors) => {
                format!("{}\n\nerror: the rules do not load", errors.render(colour))
            }
            BuildError::Schema(SchemaError::Broken(broken)) => {
                super::snippet::broken(super::render::Painter { colour }, &broken)
            }
            other => format!("error: {other}"),
        }
    })
}

struct Intakes {
    list: Vec<Intake>,
    /// whether a folder is watched, so that only a signal ends the run
    watches: bool,
    pool: crate::source::BatchPool,
}

fn intakes(args: &Run) -> Result<Intakes, String> {
    let read = args.limits.read(args.framing, args.schema.is_some());
    let pool = read.pool.clone();
    let mut list: Vec<Intake> = Vec::new();
    if args.paths.is_empty() {
        if std::io::stdin().is_terminal() {
            return Err(
                "nothing to read: give a folder to watch, a file, or pipe documents in; see --help"
                    .to_owned(),
            );
        }
        list.push(pipeline::stream(std::io::stdin(), SourceName::Stdin, read));
        return Ok(Intakes {
            list,
            watches: false,
            pool,
        });
    }
    for path in &args.paths {
        if path.is_dir() {
            let options = FolderOptions {
                read: read.clone(),
                scan_every: args.scan_every,
                settle: args.settle,
                patience: args.patience,
                ..FolderOptions::default()
            };
            list.push(pipeline::folder(path.clone(), options, args.once));
        } else {
            list.push(pipeline::files(vec![path.clone()], read.clone()));
        }
    }
    let watches = !args.once && args.paths.iter().any(|path| path.is_dir());
    if !watches {
        // A watch never ends, so watches run side by side; all else keeps the order given.
        list = vec![pipeline::one_after_another(list)];
    }
    Ok(Intakes {
        list,
        watches,
        pool,
    })
}

/// The first signal finishes what is in flight, the second ends at once.
fn stop_on_signals(stopper: Stopper, ender: Option<Ender>) -> std::io::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT])?;
    std::thread::spawn(move || {
        let mut signals = signals.forever();
        if signals.next().is_some() {
            stopper.stop();
            if let Some(ender) = &ender {
                ender.end();
            }
        }
        if let Some(signal) = signals.next() {
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

/// The rules, a line each.
fn list(rules: &RuleSet) -> String {
    let width = rules
        .rules()
        .iter()
        .map(|rule| rule.name().len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for rule in rules.rules() {
        let _ = writeln!(
            text,
            "{:width$}  {:8}  on {:8}  {}",
            Safe(rule.name()).to_string(),
            rule.severity().name(),
            rule.level().name(),
            Safe(&rule.place().to_string()),
        );
    }
    let _ = writeln!(
        text,
        "{} loaded",
        counted(rules.rules().len() as u64, "rule")
    );
    text
}

struct Job<'e> {
    engine: &'e Engine,
    output: Output,
    delivery: Option<Delivery>,
    rejects: Option<Rejects>,
    summary: Summary,
    files: Files,
    world_failed: bool,
    fault_shown: Vec<bool>,
    notices_shown: std::collections::BTreeSet<String>,
}

impl Job<'_> {
    fn show(&mut self, event: Event) {
        match event {
            Event::Judged {
                source,
                counts,
                documents,
            } => {
                self.summary.add(&counts);
                let source = self.source_name(&source.to_string());
                for document in documents {
                    self.document(&source, document);
                }
                self.output.flush();
                self.output.progress(&self.summary);
            }
            Event::End { source, outcome } => {
                self.files.bytes += outcome.bytes;
                match outcome.error {
                    None if outcome.frames == 0 => {
                        self.files.read += 1;
                        self.files.without_documents += 1;
                        let what = "it holds no document; an empty page of Graph looks so, and so does a failed export";
                        self.file_message(&source.to_string(), "empty", what);
                    }
                    None => self.files.read += 1,
                    Some(error) => {
                        self.files.failed += 1;
                        self.world_failed = true;
                        self.file_message(&source.to_string(), "error", &error.to_string());
                    }
                }
            }
            Event::PassedOver { path, reason } => {
                *self.files.passed_over.entry(reason.code()).or_default() += 1;
                self.file_message(
                    &path.display().to_string(),
                    "passed over",
                    &reason.to_string(),
                );
            }
            Event::Noted(note) => {
                let text = note.to_string();
                let line = match self.output.messages() {
                    (Form::Text, painter) => {
                        format!("{}  {}\n", painter.bold("note"), Safe(&text))
                    }
                    (Form::Json, _) => {
                        super::json::line(&json!({"schema": "qualwatch.note/1", "note": text}))
                    }
                };
                self.output.message(&line);
            }
            Event::IntakeOver(end) => {
                for error in end.errors {
                    self.world_failed = true;
                    self.file_message("folder", "error", &error.to_string());
                }
                self.files.folders.extend(end.folders);
            }
        }
    }

    fn document(&mut self, source: &str, mut judged: Judged) {
        // What a snippet shows is the record itself.
        let hidden = self.engine.redactor().and_then(|_| judged.text.take());
        // Each worker tells the first notice of a kind; together they tell it once.
        let shown = &mut self.notices_shown;
        judged
            .report
            .notices
            .retain(|notice| shown.insert(format!("{:?} {}", notice.kind, notice.subject)));
        let worth_a_line = judged.report.has_something_to_say_beyond_alerts();
        if worth_a_line {
            let text = match self.output.messages() {
                (Form::Text, painter) => painter.document(source, &judged),
                (Form::Json, _) => super::json::document(source, &judged),
            };
            self.output.message(&text);
        }
        self.alerts(&judged.report.alerts);
        for (rule, fault) in &judged.report.rule_faults {
            self.rule_fault(*rule, fault);
        }
        if judged.report.verdict != Verdict::Valid
            && let (Some(rejects), Some(text)) =
                (&self.rejects, hidden.as_ref().or(judged.text.as_ref()))
        {
            let reasons = super::json::document(source, &judged);
            if let Err(error) = rejects.keep(source, judged.origin.line, text, &reasons) {
                self.world_failed = true;
                let message = format!("it could not be kept in the folder of --rejects: {error}");
                self.say_of_file(source, "error", &message);
            }
        }
    }

    fn alerts(&mut self, alerts: &[Alert]) {
        let Some(delivery) = self.delivery.as_ref().filter(|_| !alerts.is_empty()) else {
            for alert in alerts {
                self.output.alert(alert);
            }
            return;
        };
        let told = delivery::told(alerts);
        for (alert, told) in alerts.iter().zip(&told) {
            if delivery.prints(told) {
                self.output.alert(alert);
            }
        }
        // Where there is no room this waits, and what was printed should be seen meanwhile.
        self.output.flush();
        if let Err(message) = delivery.put(&told) {
            self.world_failed = true;
            self.file_message("outbox", "error", &message);
        }
    }

    fn rule_fault(&mut self, index: usize, fault: &rules::RuleFault) {
        let Some(shown) = self.fault_shown.get_mut(index) else {
            return;
        };
        if std::mem::replace(shown, true) {
            return;
        }
        let name = self
            .engine
            .rules()
            .rules()
            .get(index)
            .map(|rule| rule.name().to_string())
            .unwrap_or_default();
        let place = fault.place.as_ref().map(ToString::to_string);
        let line = match self.output.messages() {
            (Form::Text, painter) => format!(
                "{}  {}  {}: {} (said once; the summary counts the rest)\n",
                painter.bold("rule broke"),
                Safe(&name),
                Safe(&place.unwrap_or_default()),
                Safe(&fault.message),
            ),
            (Form::Json, _) => super::json::line(&json!({
                "schema": "qualwatch.rule/1",
                "rule": name,
                "place": place,
                "fault": fault.message,
            })),
        };
        self.output.message(&line);
    }

    /// The name of a source as it may be said.
    fn source_name(&self, name: &str) -> String {
        match self.engine.redactor() {
            Some(redactor) => redactor.source(name),
            None => name.to_owned(),
        }
    }

    fn file_message(&mut self, path: &str, what: &str, message: &str) {
        let (path, message) = match self.engine.redactor() {
            Some(redactor) => (redactor.source(path), redactor.message(path, message)),
            None => (path.to_owned(), message.to_owned()),
        };
        self.say_of_file(&path, what, &message);
    }

    /// Says something of a file whose name may be said as it is.
    fn say_of_file(&mut self, path: &str, what: &str, message: &str) {
        let line = match self.output.messages() {
            (Form::Text, painter) => {
                format!(
                    "{}  {}  {}\n",
                    painter.bold(what),
                    Safe(path),
                    Safe(message)
                )
            }
            (Form::Json, _) => super::json::line(&json!({
                "schema": "qualwatch.file/1",
                "path": path,
                "what": what,
                "message": message,
            })),
        };
        self.output.message(&line);
    }

    fn finish(mut self, args: &Run) -> Exit {
        self.output.flush();
        self.output.end_progress();
        let delivered = self.delivery.take().map(Delivery::finish);
        if delivered
            .as_ref()
            .is_some_and(|delivered| !delivered.all_arrived())
        {
            self.world_failed = true;
        }
        let text = match self.output.messages() {
            (Form::Text, _) => {
                let sinks = delivered.as_ref().map(Delivered::text).unwrap_or_default();
                self.summary_text() + sinks.as_str()
            }
            (Form::Json, _) => {
                let delivery = delivered.as_ref().map(Delivered::json);
                super::json::summary(&self.summary, self.engine.rules(), &self.files, delivery)
            }
        };
        self.output.message(&text);
        if let Some(error) = self.output.failure() {
            self.output.message(&format!(
                "error: cannot write alerts to standard output: {error}\n"
            ));
            return Exit::World;
        }
        if self.world_failed {
            return Exit::World;
        }
        if args.fail_on.iter().any(|what| self.reached(*what)) {
            return Exit::Findings;
        }
        Exit::Done
    }

    fn reached(&self, what: FailOn) -> bool {
        let alerts = |least: Severity| {
            self.summary
                .alerts
                .keys()
                .any(|severity| *severity >= least)
        };
        match what {
            FailOn::Info => alerts(Severity::Info),
            FailOn::Warning => alerts(Severity::Warning),
            FailOn::Critical => alerts(Severity::Critical),
            FailOn::Invalid => self.summary.of(Verdict::Invalid) > 0,
            FailOn::Broken => self.summary.rules.iter().any(|rule| rule.failed > 0),
            FailOn::Refused => Verdict::ALL
                .into_iter()
                .any(|verdict| verdict.is_refusal() && self.summary.of(verdict) > 0),
        }
    }

    fn summary_text(&self) -> String {
        let summary = &self.summary;
        let mut text = String::new();
        let verdicts: Vec<String> = Verdict::ALL
            .into_iter()
            .map(|verdict| format!("{} {}", count(summary.of(verdict)), verdict.name()))
            .collect();
        let _ = writeln!(
            text,
            "documents  {} seen = {}",
            count(summary.seen),
            verdicts.join(" + ")
        );
        let kinds: Vec<String> = summary
            .kinds
            .iter()
            .map(|(kind, number)| format!("{} {}", count(*number), kind.name()))
            .collect();
        if !kinds.is_empty() && self.engine.reads_call_records() {
            let _ = writeln!(text, "           {}", kinds.join(", "));
        }
        for (number, what, more) in [
            (
                summary.unexpanded,
                "record",
                " without sessions: no rule can fire there",
            ),
            (summary.problems, "violation", " of the schema"),
            (summary.notices, "notice", ""),
            (
                summary.repeated_sessions,
                "session",
                " that came twice and counted once",
            ),
        ] {
            if number > 0 {
                let _ = writeln!(text, "           {}{more}", counted(number, what));
            }
        }
        let passed: u64 = self.files.passed_over.values().sum();
        let _ = write!(
            text,
            "files      {} read, {} failed",
            count(self.files.read),
            count(self.files.failed)
        );
        if passed > 0 {
            let reasons: Vec<String> = self
                .files
                .passed_over
                .iter()
                .map(|(reason, number)| format!("{number} {reason}"))
                .collect();
            let _ = write!(
                text,
                ", {} passed over ({})",
                count(passed),
                reasons.join(", ")
            );
        }
        if self.files.without_documents > 0 {
            let _ = write!(
                text,
                ", {} without a document",
                count(self.files.without_documents)
            );
        }
        let pending: u64 = self.files.folders.iter().map(|folder| folder.pending).sum();
        if pending > 0 {
            let _ = write!(text, ", {} still incomplete", count(pending));
        }
        text.push('\n');
        let alerts: Vec<String> = summary
            .alerts
            .iter()
            .rev()
            .map(|(severity, number)| format!("{} {}", count(*number), severity.name()))
            .collect();
        let _ = writeln!(
            text,
            "alerts     {}",
            if alerts.is_empty() {
                "none".to_owned()
            } else {
                alerts.join(", ")
            }
        );
        if !summary.rules.is_empty() {
            let rules = self.engine.rules().rules();
            let width = rules
                .iter()
                .map(|rule| rule.name().len())
                .max()
                .unwrap_or(0)
                .max(5);
            let broken = summary.rules.iter().any(|rule| rule.failed > 0);
            let _ = write!(
                text,
                "{:width$}  {:>10}  {:>10}  {:>14}",
                "rule", "fired", "quiet", "could not tell"
            );
            text.push_str(if broken { "       broke\n" } else { "\n" });
            for (rule, said) in rules.iter().zip(&summary.rules) {
                let _ = write!(
                    text,
                    "{:width$}  {:>10}  {:>10}  {:>14}",
                    Safe(rule.name()).to_string(),
                    count(said.fired),
                    count(said.quiet),
                    count(said.unknown),
                );
                if broken {
                    let _ = write!(text, "  {:>10}", count(said.failed));
                }
                text.push('\n');
            }
        }
        text
    }
}
