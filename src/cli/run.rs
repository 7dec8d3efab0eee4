//! The main job: sources in, alerts and messages out, a summary at the end.
//!
//! Builds engine and pipeline from the flags, shows every event, and chooses
//! the exit status. It judges nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded, never, select};
use serde_json::json;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::Exit;
use super::after::{self, After, Away, Disposition, Tallies};
use super::args::{FailOn, Form, Run};
use super::delivery::{self, Delivered, Delivery};
use super::kept::{Kept, Recalled};
use super::outbox;
use super::output::Output;
use super::rejects::Rejects;
use super::reload::{Changes, Reload, Reloader, Reloads};
use super::render::{count, counted};
use crate::alert::{Alert, Links, State, Transition};
use crate::config::Config;
use crate::deliver::Ender;
use crate::diagnostic::Faults;
use crate::engine::{BuildError, Current, Engine, Notices, RuleCount, Verdict};
use crate::over_time::{self, OverTime, Told as ToldOverTime};
use crate::pipeline::{self, Event, Intake, Judged, Stopper};
use crate::redact::Redactor;
use crate::rules::{self, Rule, RuleSet, Severity, WindowRule};
use crate::schema::SchemaError;
use crate::source::{FolderCounts, FolderOptions, SourceEnd, SourceName};
use crate::stats::{ByRule, Summary};
use crate::text::Safe;

/// With so many events shown, what they tell is handed to the sinks, though more wait.
const TOGETHER: usize = 256;

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
    /// files of folders that were read, by how they ended
    ended: BTreeMap<Disposition, u64>,
}

impl Files {
    pub(super) fn json(&self) -> serde_json::Value {
        let sum = |count: fn(&FolderCounts) -> u64| self.folders.iter().map(count).sum::<u64>();
        let ended = |how| self.ended.get(&how).copied().unwrap_or(0);
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
                "processed": ended(Disposition::Processed),
                "rejected": ended(Disposition::Rejected),
                "duplicate": ended(Disposition::Duplicate),
                "superseded": ended(Disposition::Superseded),
            },
        })
    }
}

/// Does the main job.
pub(super) fn run(args: &Run, config: Config, found: Option<&str>) -> Exit {
    let Config { links, sinks, .. } = config;
    let (engine, notices) = match build(args, &links) {
        Ok(built) => built,
        Err(failure) => {
            let colour = std::io::stderr().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
            let text = match args.format {
                Some(Form::Json) => failure.lines(),
                _ => failure.render(colour) + "\n",
            };
            super::output::complain(&text);
            return Exit::Usage;
        }
    };
    let mut output = Output::new(args.format, args.color);
    if let Some(found) = found {
        output.message(&read_here(&output, found));
    }
    tell_notices(&mut output, &engine, &notices, args.check);
    if args.check {
        let sites = engine.sites().map(|sites| super::sites::size(sites));
        output.text(&(list(engine.rules()) + sites.unwrap_or_default().as_str()));
        output.end_progress();
        return Exit::Done;
    }
    if args.after != After::Keep && args.state.is_none() {
        output.end_progress();
        output.message(
            "error: --after needs --state DIR: a file goes only when what it held is kept\n",
        );
        return Exit::Usage;
    }
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
    let over_time = args.over_time.options();
    let kept = args
        .state
        .as_deref()
        .map(|folder| Kept::open(folder, &sinks, &engine, over_time))
        .transpose();
    let (kept, over_time) = match kept {
        Ok(Some((kept, over_time, recalled))) => {
            tell_recalled(&mut output, &recalled);
            (Some(kept), over_time)
        }
        Ok(None) => (None, OverTime::new(Arc::clone(&engine), over_time)),
        Err(error) => {
            output.end_progress();
            output.message(&format!("error: {}\n", Safe(&error.to_string())));
            return outbox::exit_of(&error);
        }
    };
    if kept.is_some() {
        put_back(args, &mut output);
    }
    let delivery = match Delivery::start(sinks, output.voice(), kept) {
        Ok(delivery) => delivery,
        Err(error) => {
            output.end_progress();
            output.message(&format!("error: cannot start the sinks: {error}\n"));
            return Exit::World;
        }
    };
    let running = pipeline::resume(
        Arc::clone(&engine),
        intakes.list,
        pipeline::Options {
            workers: args
                .workers
                .map_or_else(|| pipeline::Options::default().workers, usize::from),
            keep_refused: true,
            pool: intakes.pool,
            every_document: false,
            over_time: None,
        },
        Some(over_time),
    );
    let (hang_up, asked) = bounded(1);
    let hang_up = (!args.once).then_some(hang_up);
    let ender = delivery.as_ref().map(Delivery::ender);
    if let Err(error) = obey_signals(running.stopper(), ender, hang_up) {
        output.message(&format!("error: cannot listen for signals: {error}\n"));
        return Exit::World;
    }
    let mut reloads = if args.once {
        never()
    } else {
        reload_when_changed(args, links, engine.rules().clone(), asked)
    };
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
        after: args.after,
        tallies: Tallies::default(),
        rejects,
        summary: Summary::default(),
        files: Files::default(),
        over_time: over_time::Counts::default(),
        late_shown: false,
        world_failed: false,
        by_rule: ByRule::default(),
        by_window: ByRule::default(),
        reloads: Reloads::default(),
        faults_shown: BTreeSet::new(),
        notices_shown: BTreeSet::new(),
        engine,
    };
    let stopper = running.stopper();
    loop {
        select! {
            recv(running.events.several()) -> several => match several {
                Ok(mut several) => {
                    let mut shown = 0;
                    loop {
                        shown += several.len();
                        several.into_iter().for_each(|event| job.show(event));
                        job.output.flush();
                        if shown >= TOGETHER {
                            break;
                        }
                        let Ok(more) = running.events.several().try_recv() else {
                            break;
                        };
                        several = more;
                    }
                    job.commit();
                }
                Err(_) => break,
            },
            recv(reloads) -> reload => match reload {
                Ok(reload) => job.reloaded(reload, running.current()),
                Err(_) => reloads = never(),
            },
        }
        if job.output.is_gone() {
            stopper.stop();
        }
    }
    running.join();
    job.finish(args)
}

/// Puts files back that were being taken away when the process ended.
fn put_back(args: &Run, output: &mut Output) {
    for folder in args.paths.iter().filter(|path| path.is_dir()) {
        // A folder that cannot be listed is told of when it is read.
        let Ok(files @ 1..) = after::put_back(folder) else {
            continue;
        };
        let what = format!(
            "{} that the last end had left on the way out of {} will be read again",
            counted(files, "file"),
            folder.display()
        );
        let text = match output.messages() {
            (Form::Text, painter) => format!("{}  {}\n", painter.bold("note"), Safe(&what)),
            (Form::Json, _) => {
                super::json::line(&json!({"schema": "qualwatch.note/1", "note": what}))
            }
        };
        output.message(&text);
    }
}

/// Says what the state folder remembers.
fn tell_recalled(output: &mut Output, recalled: &Recalled) {
    let text = match output.messages() {
        (Form::Text, painter) => {
            let mut text = format!(
                "{}  {} known from before\n",
                painter.bold("state"),
                counted(recalled.documents, "document")
            );
            if recalled.unreadable > 0 {
                text.push_str(&format!(
                    "{}  {} of the state folder could not be read, and will be new\n",
                    painter.bold("state"),
                    counted(recalled.unreadable, "document")
                ));
            }
            text
        }
        (Form::Json, _) => super::json::line(&json!({
            "schema": "qualwatch.state/1",
            "documents": recalled.documents,
            "unreadable": recalled.unreadable,
        })),
    };
    output.message(&text);
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

/// Why rules or schema cannot be used, to be shown.
#[derive(Debug)]
pub(super) enum LoadFailure {
    /// the schema or the rules
    Engine(BuildError),
    /// the sites file
    Sites(Faults),
    /// another file that was named, in words
    File(String),
}

impl From<BuildError> for LoadFailure {
    fn from(error: BuildError) -> LoadFailure {
        LoadFailure::Engine(error)
    }
}

impl LoadFailure {
    /// For people, with source lines and carets.
    pub(super) fn render(&self, colour: bool) -> String {
        match self {
            LoadFailure::Engine(BuildError::Rules(errors)) => {
                format!("{}\n\nerror: the rules do not load", errors.render(colour))
            }
            LoadFailure::Engine(BuildError::Schema(SchemaError::Broken(broken))) => {
                super::snippet::broken(super::render::Painter { colour }, broken)
            }
            LoadFailure::Engine(other) => format!("error: {other}"),
            LoadFailure::Sites(faults) => super::sites::refused(faults, colour),
            LoadFailure::File(what) => format!("error: {what}"),
        }
    }

    /// For programs, a line for each thing that is wrong with the rules.
    fn lines(&self) -> String {
        match self {
            LoadFailure::Engine(BuildError::Rules(errors)) => errors
                .problems
                .iter()
                .map(super::json::about_rules)
                .collect(),
            LoadFailure::Sites(faults) => super::json::about_file(super::sites::SCHEMA, faults),
            _ => self.render(false) + "\n",
        }
    }
}

/// Looks after the rules' files on a thread of its own; what it finds comes over the channel.
fn reload_when_changed(
    args: &Run,
    links: Links,
    rules: RuleSet,
    asked: Receiver<()>,
) -> Receiver<Reload> {
    let (tell, reloads) = bounded(1);
    let build = {
        let args = args.clone();
        Box::new(move || build(&args, &links))
    };
    let reloader = Reloader::new(args.rules.clone(), rules, build).sites(args.sites.sites.clone());
    let every = args.scan_every;
    std::thread::spawn(move || reloader.watch(every, &asked, &tell));
    reloads
}

/// That a configuration was read which nobody named.
fn read_here(output: &Output, file: &str) -> String {
    match output.messages() {
        (Form::Text, painter) => format!("{}  {file}\n", painter.bold("configuration")),
        (Form::Json, _) => super::json::line(
            &json!({"schema": "qualwatch.note/1", "note": format!("the configuration is {file}")}),
        ),
    }
}

/// Notices about the rules and the sites file: how many, or with `each` all of them.
fn tell_notices(output: &mut Output, engine: &Engine, notices: &[rules::Notice], each: bool) {
    let (form, painter) = output.messages();
    let sites = engine.sites().map(|sites| sites.notices());
    let of_sites = sites.filter(|notices| !notices.is_empty());
    let count = |about: &str, notices: usize| {
        format!(
            "{}  {} about {about}; --check shows {}\n",
            painter.bold("notice"),
            counted(notices as u64, "notice"),
            if notices == 1 { "it" } else { "them" },
        )
    };
    if !notices.is_empty() {
        let text = match form {
            Form::Text if !each => count("the rules", notices.len()),
            Form::Text => rules::render(notices, engine.rules().sources(), painter.colour) + "\n",
            Form::Json => notices.iter().map(super::json::about_rules).collect(),
        };
        output.message(&text);
    }
    if let Some(notices) = of_sites {
        let text = match form {
            Form::Text if !each => count("the sites file", notices.len()),
            Form::Text => notices.render(painter.colour) + "\n",
            Form::Json => super::json::about_file(super::sites::SCHEMA, notices),
        };
        output.message(&text);
    }
}

fn build(args: &Run, links: &Links) -> Result<(Arc<Engine>, Vec<rules::Notice>), LoadFailure> {
    let mut builder = Engine::builder()
        .caps(args.limits.caps())
        .max_problems(args.limits.max_problems)
        .api(args.api)
        .links(links.clone())
        .notices(Notices::FirstOfEach);
    if let Some(schema) = &args.schema {
        builder = builder.schema_file(schema);
    }
    if let Some(path) = &args.redact {
        let redactor = Redactor::from_file(path).map_err(|why| {
            LoadFailure::File(format!(
                "no key can be read from {}: {why}",
                Safe(&path.display().to_string())
            ))
        })?;
        builder = builder.redact(redactor);
    }
    for path in &args.rules {
        builder = builder.rules(path);
    }
    for written in &args.set {
        builder = builder.set(written);
    }
    if let Some(sites) = super::sites::load(&args.sites).map_err(LoadFailure::Sites)? {
        builder = builder.sites(sites);
    }
    Ok(builder.build_with_notices()?)
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

/// The first signal to end finishes what is in flight, the second ends at once. SIGHUP asks for the
/// rules to be loaded anew, where that is done at all.
fn obey_signals(
    stopper: Stopper,
    ender: Option<Ender>,
    hang_up: Option<Sender<()>>,
) -> std::io::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT])?;
    if hang_up.is_some() {
        signals.add_signal(SIGHUP)?;
    }
    std::thread::spawn(move || {
        let mut ending = false;
        for signal in signals.forever() {
            if signal == SIGHUP {
                // One that waits already is answered by a look that comes later.
                let _ = hang_up.as_ref().map(|hang_up| hang_up.try_send(()));
            } else if ending {
                std::process::exit(128 + signal);
            } else {
                ending = true;
                stopper.stop();
                if let Some(ender) = &ender {
                    ender.end();
                }
            }
        }
    });
    Ok(())
}

/// What a reload changed, behind its line.
fn in_words(changes: &Changes) -> String {
    let mut parts = Vec::new();
    for (what, names) in [("came", &changes.came), ("went", &changes.went)] {
        if !names.is_empty() {
            parts.push(format!("{what}: {}", names.join(", ")));
        }
    }
    for (name, was, is) in &changes.limits {
        parts.push(format!("{name} {was} -> {is}"));
    }
    parts.extend(changes.sites.as_ref().map(|file| format!("sites: {file}")));
    if parts.is_empty() && !changes.files.is_empty() {
        parts.push(format!("changed: {}", changes.files.join(", ")));
    }
    if parts.is_empty() {
        return "; nothing changed".to_owned();
    }
    let text: String = parts
        .iter()
        .map(|part| format!("\n  {}", Safe(part)))
        .collect();
    text
}

/// The rules, a line each.
fn list(rules: &RuleSet) -> String {
    let width = rules
        .rules()
        .iter()
        .map(|rule| rule.name().len())
        .chain(rules.windows().iter().map(|rule| rule.name().len()))
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
    for window in rules.windows() {
        let _ = writeln!(
            text,
            "{:width$}  {:8}  {:11}  {}",
            Safe(window.name()).to_string(),
            window.severity().name(),
            format!("over {}", window.measure()),
            Safe(&window.place().to_string()),
        );
    }
    let windows = match rules.windows().len() as u64 {
        0 => String::new(),
        number => format!(", {}", counted(number, "window rule")),
    };
    let _ = writeln!(
        text,
        "{}{windows} loaded",
        counted(rules.rules().len() as u64, "rule")
    );
    text
}

/// What people read of the counts over time: what is out of the ordinary.
fn over_time_text(counts: &over_time::Counts) -> String {
    let mut parts = Vec::new();
    for (number, one, many) in [
        (counts.windows.new_versions, "new version", "new versions"),
        (counts.windows.pages, "page joined", "pages joined"),
        (counts.windows.repeated, "document again", "documents again"),
        (counts.windows.superseded, "superseded", "superseded"),
        (
            counts.outside,
            "outside of the times asked for",
            "outside of the times asked for",
        ),
        (counts.updated, "alert updated", "alerts updated"),
        (
            counts.windows.suppressed,
            "alert kept back",
            "alerts kept back",
        ),
        (
            counts.transitions.retracted,
            "alert retracted",
            "alerts retracted",
        ),
        (
            counts.windows.partial,
            "call still partial",
            "calls still partial",
        ),
        (counts.windows.late, "sample too late", "samples too late"),
        (counts.windows.evicted_keys, "key given up", "keys given up"),
        (
            counts.windows.evicted_calls,
            "call forgotten",
            "calls forgotten",
        ),
        (
            counts.windows.given_up,
            "sample given up",
            "samples given up",
        ),
    ] {
        if number > 0 {
            parts.push(format!(
                "{} {}",
                count(number),
                if number == 1 { one } else { many }
            ));
        }
    }
    match parts.is_empty() {
        true => String::new(),
        false => format!("over time  {}\n", parts.join(", ")),
    }
}

/// Something that goes to standard output as an alert.
trait Shown: serde::Serialize {
    fn show(&self, output: &mut Output);
}

impl Shown for Alert {
    fn show(&self, output: &mut Output) {
        output.alert(self);
    }
}

impl Shown for Transition {
    fn show(&self, output: &mut Output) {
        output.transition(self);
    }
}

struct Job {
    /// the one in force
    engine: Arc<Engine>,
    output: Output,
    delivery: Option<Delivery>,
    after: After,
    tallies: Tallies,
    rejects: Option<Rejects>,
    summary: Summary,
    files: Files,
    over_time: over_time::Counts,
    /// whether it was said that samples came too late
    late_shown: bool,
    world_failed: bool,
    by_rule: ByRule,
    by_window: ByRule,
    reloads: Reloads,
    /// rules that broke, and those that are asked no more, since they were loaded
    faults_shown: BTreeSet<(Arc<str>, bool)>,
    notices_shown: BTreeSet<String>,
}

impl Job {
    fn reloaded(&mut self, reload: Reload, current: &Current) {
        let line = match reload {
            Reload::Loaded {
                engine,
                notices,
                changes,
            } => {
                current.replace(Arc::clone(&engine));
                self.engine = engine;
                self.reloads.loaded += 1;
                self.faults_shown.clear();
                tell_notices(&mut self.output, &self.engine, &notices, false);
                let rules = self.engine.rules().rules().len();
                match self.output.messages() {
                    (Form::Text, painter) => format!(
                        "{}  {} in force from the next document on{}\n",
                        painter.bold("reloaded"),
                        counted(rules as u64, "rule"),
                        in_words(&changes),
                    ),
                    (Form::Json, _) => super::json::line(&json!({
                        "schema": "qualwatch.reload/1",
                        "outcome": "loaded",
                        "rules": rules,
                        "came": changes.came,
                        "went": changes.went,
                        "limits": changes.limits.iter().map(|(name, was, is)| {
                            json!({"name": name, "was": was, "is": is})
                        }).collect::<Vec<_>>(),
                        "files": changes.files,
                        "sites": changes.sites,
                    })),
                }
            }
            Reload::Refused(failure) => {
                self.reloads.refused += 1;
                let rules = self.engine.rules().rules().len();
                match self.output.messages() {
                    (Form::Text, painter) => format!(
                        "{}\n{}  the {} that were in force stay; mend the files, and they are loaded\n",
                        failure.render(painter.colour),
                        painter.bold("reload refused"),
                        counted(rules as u64, "rule"),
                    ),
                    (Form::Json, _) => {
                        let refused = json!({
                            "schema": "qualwatch.reload/1",
                            "outcome": "refused",
                            "rules": rules,
                        });
                        failure.lines() + super::json::line(&refused).as_str()
                    }
                }
            }
        };
        self.output.message(&line);
    }

    fn show(&mut self, event: Event) {
        match event {
            Event::Judged {
                source,
                rules,
                mut counts,
                documents,
                remembered,
                arrivals,
            } => {
                if let Some(path) = source.path() {
                    let tally = self.tallies.of(path);
                    tally.documents += counts.seen;
                    let verdicts = counts.verdicts.iter();
                    let refused = verdicts.filter(|(verdict, _)| verdict.is_refusal());
                    tally.refused += refused.map(|(_, count)| count).sum::<u64>();
                    tally.repeated += arrivals.repeated;
                    tally.superseded += arrivals.superseded;
                }
                self.by_rule.add(&rules, &std::mem::take(&mut counts.rules));
                self.by_window
                    .add_windows(&rules, &std::mem::take(&mut counts.windows));
                self.summary.add(&counts);
                let told = !documents.is_empty();
                if told {
                    let source = self.source_name(&source.to_string());
                    for document in documents {
                        self.document(&source, &rules, document);
                    }
                }
                if let Some(delivery) = &self.delivery {
                    delivery.remember(remembered);
                }
                self.output.progress(&self.summary);
            }
            Event::End { source, outcome } => {
                self.file_ended(&source, &outcome);
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
            // Where files are moved to, they are not read again.
            Event::PassedOver { path, .. }
                if self.after != After::Keep && Away::is_destination(&path) => {}
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
            Event::OverTime(told) => {
                for transition in &told.transitions {
                    if transition.state == State::Firing {
                        self.summary.alerts.add(transition.severity, 1);
                    }
                }
                self.told_over_time(&told, None);
            }
            Event::OverTimeEnd { told, counts, .. } => {
                self.told_over_time(&told, None);
                self.over_time = *counts;
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

    /// Says how a file of a folder ended, and has it taken away if that is wanted.
    fn file_ended(&mut self, source: &SourceName, outcome: &SourceEnd) {
        let Some(path) = source.path() else { return };
        let how = self.tallies.end(path);
        let (Some(id), None) = (outcome.file, &outcome.error) else {
            return;
        };
        *self.files.ended.entry(how).or_default() += 1;
        if let (Some(delivery), Some(away)) = (&self.delivery, Away::of(self.after, path, id, how))
        {
            delivery.done_with(away);
        }
    }

    fn document(&mut self, source: &str, rules: &RuleSet, mut judged: Judged) {
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
        self.told_over_time(&judged.told, Some(source));
        for (rule, fault) in &judged.report.rule_faults {
            let name = rules.rules().get(*rule).map(Rule::name);
            self.rule_fault(name, fault);
        }
        for (rule, fault) in &judged.report.window_faults {
            let name = rules.windows().get(*rule).map(WindowRule::name);
            self.rule_fault(name, fault);
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

    fn alerts<A: Shown>(&mut self, alerts: &[A]) {
        let Some(delivery) = self
            .delivery
            .as_ref()
            .filter(|it| it.has_sinks() && !alerts.is_empty())
        else {
            for alert in alerts {
                alert.show(&mut self.output);
            }
            return;
        };
        let told = delivery::told(alerts);
        for (alert, told) in alerts.iter().zip(&told) {
            if delivery.prints(told) {
                alert.show(&mut self.output);
            }
        }
        delivery.put(told);
    }

    /// Hands what was told to the sinks.
    fn commit(&mut self) {
        let Some(delivery) = self.delivery.as_ref().filter(|it| it.holds_some()) else {
            return;
        };
        // Where there is no room this waits, and what was printed should be seen meanwhile.
        self.output.flush();
        if let Err(message) = delivery.commit() {
            self.world_failed = true;
            self.file_message("outbox", "error", &message);
        }
    }

    /// Transitions, and what is worth knowing of records that are late or incomplete.
    fn told_over_time(&mut self, told: &ToldOverTime, source: Option<&str>) {
        self.alerts(&told.transitions);
        for overdue in &told.overdue {
            let seen = counted(overdue.sessions.into(), "session");
            let what = "still partial";
            let why =
                format!("{seen} of it seen; its other pages, or the record itself, did not come");
            let line = match self.output.messages() {
                (Form::Text, painter) => format!(
                    "{}  call {}\n  {why}\n",
                    painter.bold(what),
                    Safe(&overdue.call)
                ),
                (Form::Json, _) => super::json::line(&json!({
                    "schema": "qualwatch.partial/1",
                    "call": overdue.call,
                    "sessionsSeen": overdue.sessions,
                })),
            };
            self.output.message(&line);
        }
        if told.late > 0 && !std::mem::replace(&mut self.late_shown, true) {
            let late = counted(told.late.into(), "sample");
            let message = format!(
                "{late} came later than --lateness allows and did not count in windows (said once; the summary counts the rest)"
            );
            self.say_of_file(source.unwrap_or("record"), "late", &message);
        }
    }

    fn rule_fault(&mut self, name: Option<&Arc<str>>, fault: &rules::RuleFault) {
        let Some(name) = name else {
            return;
        };
        let disabled = fault.kind == rules::FaultKind::Disabled;
        if !self.faults_shown.insert((Arc::clone(name), disabled)) {
            return;
        }
        let place = fault.place.as_ref().map(ToString::to_string);
        let line = match self.output.messages() {
            (Form::Text, painter) => format!(
                "{}  {}  {}: {} (said once; the summary counts the rest)\n",
                painter.bold("rule broke"),
                Safe(name),
                Safe(&place.unwrap_or_default()),
                Safe(&fault.message),
            ),
            (Form::Json, _) => super::json::line(&json!({
                "schema": "qualwatch.rule/1",
                "rule": &**name,
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
        let delivered = self.delivery.take().map(|delivery| {
            let (delivered, failures) = delivery.finish();
            for failure in failures {
                self.world_failed = true;
                self.file_message("outbox", "error", &failure);
            }
            delivered
        });
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
            (Form::Json, _) => super::json::summary(super::json::Totals {
                summary: &self.summary,
                rules: self.engine.rules(),
                by_rule: &self.by_rule,
                by_window: &self.by_window,
                reloads: self.reloads,
                files: &self.files,
                over_time: &self.over_time,
                delivery: delivered.as_ref().map(Delivered::json),
            }),
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
                .iter()
                .any(|(severity, _)| severity >= least)
        };
        match what {
            FailOn::Info => alerts(Severity::Info),
            FailOn::Warning => alerts(Severity::Warning),
            FailOn::Critical => alerts(Severity::Critical),
            FailOn::Invalid => self.summary.of(Verdict::Invalid) > 0,
            FailOn::Broken => self.by_rule.is_broken() || self.by_window.is_broken(),
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
            .map(|(kind, number)| format!("{} {}", count(number), kind.name()))
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
        let _ = write!(text, "files      {} read", count(self.files.read));
        if !self.files.ended.is_empty() {
            let ended: Vec<String> = Disposition::ALL
                .iter()
                .filter_map(|how| {
                    let number = self.files.ended.get(how)?;
                    Some(format!("{} {}", count(*number), how.name()))
                })
                .collect();
            let _ = write!(text, " ({})", ended.join(", "));
        }
        let _ = write!(text, ", {} failed", count(self.files.failed));
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
            .map(|(severity, number)| format!("{} {}", count(number), severity.name()))
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
        text.push_str(&over_time_text(&self.over_time));
        let Reloads { loaded, refused } = self.reloads;
        if loaded + refused > 0 {
            let _ = writeln!(text, "reloads    {loaded} loaded, {refused} refused");
        }
        if !self.by_rule.is_empty() {
            let rows = self.by_rule.rows(self.engine.rules()).collect::<Vec<_>>();
            let heads = ["rule", "fired", "quiet"];
            text.push_str(&counts_table(heads, &rows, self.by_rule.is_broken()));
        }
        let windows = self.by_window.window_rows(self.engine.rules());
        let windows = windows.collect::<Vec<_>>();
        if !windows.is_empty() {
            let heads = ["window rule", "samples", "no sample"];
            text.push_str(&counts_table(heads, &windows, self.by_window.is_broken()));
        }
        text
    }
}

/// What each rule said, and whether it is still loaded; in columns.
fn counts_table(
    [name, fired, quiet]: [&str; 3],
    rows: &[(&Arc<str>, RuleCount, bool)],
    broken: bool,
) -> String {
    let width = rows.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
    let width = width.max(name.len());
    let mut text = format!(
        "{name:width$}  {fired:>10}  {quiet:>10}  {:>14}",
        "could not tell"
    );
    text.push_str(if broken { "       broke\n" } else { "\n" });
    for (name, said, here) in rows {
        let _ = write!(
            text,
            "{:width$}  {:>10}  {:>10}  {:>14}",
            Safe(name).to_string(),
            count(said.fired),
            count(said.quiet),
            count(said.unknown),
        );
        if broken {
            let _ = write!(text, "  {:>10}", count(said.failed));
        }
        text.push_str(if *here { "\n" } else { "  no longer loaded\n" });
    }
    text
}
