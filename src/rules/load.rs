//! Rule files to a rule set: compile, check every name, run each file once, collect.
//!
//! All problems of all files are collected and given together; a set with one problem does not
//! load. Running a file can do nothing but register rules, and is bounded in steps and time.
//!
//! It reads no folder: [`pack`](super::pack) gives it names and texts.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use rhai::{AST, EvalAltResult, ImmutableString, Map, NativeCallContext, Position};

use super::ast;
use super::check::{check, is_enough, may_run};
use super::condition;
use super::diagnostic::{LoadErrors, Notice, Place, Problem, did_you_mean};
use super::engine::{LOADING, Sandbox};
use super::fault::{describe, innermost};
use super::fields::{Level, Link};
use super::layout::Layout;
use super::limits::Limits;
use super::pack::{Overrides, PackSource};
use super::problem::ProblemKind;
use super::reader::Findings;
use super::rule::{Body, File, Registration, Rule, read};
use super::syntax;
use super::typing::Use;
use super::value::failure;
use super::window::{self, WindowRule, sample};

/// Rules that share limits: those of one folder.
#[derive(Debug)]
pub(crate) struct Pack {
    pub(crate) limits: Limits,
}

/// What loading gives when all is well.
pub(crate) struct Loaded {
    pub(crate) rules: Vec<Rule>,
    pub(crate) windows: Vec<WindowRule>,
    pub(crate) packs: Vec<Pack>,
    pub(crate) layout: Layout,
    pub(crate) notices: Vec<Notice>,
    pub(crate) sources: BTreeMap<Arc<str>, Arc<str>>,
}

/// Loads packs; `problems` are what finding them met already.
pub(crate) fn load(
    packs: &[PackSource],
    overrides: &Overrides,
    problems: Vec<Problem>,
) -> Result<Loaded, LoadErrors> {
    let mut loader = Loader {
        problems,
        ..Loader::default()
    };
    let limits = packs.iter().map(|pack| loader.limits(pack)).collect();
    let limits = loader.set(limits, overrides);
    for (index, (source, limits)) in packs.iter().zip(&limits).enumerate() {
        loader.pack(index, source, limits);
    }
    loader.duplicates();
    if !loader.problems.is_empty() {
        return Err(LoadErrors {
            problems: sorted(loader.problems),
            sources: loader.sources,
        });
    }
    let of_windows = loader.windows.iter().filter_map(|window| window.level);
    let levels = loader.rules.iter().map(|rule| rule.level);
    let levels = levels.chain(of_windows).collect::<BTreeSet<Level>>();
    if !loader.windows.is_empty() {
        loader.names.extend(sample::READ.map(str::to_owned));
    }
    Ok(Loaded {
        layout: Layout::new(levels, loader.names.iter().map(String::as_str)),
        rules: loader.rules,
        windows: loader.windows,
        packs: limits.into_iter().map(|limits| Pack { limits }).collect(),
        notices: sorted(loader.notices),
        sources: loader.sources,
    })
}

/// By place, each once: a closure may be part of several rules.
fn sorted(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by(|a, b| a.place.cmp(&b.place));
    problems.dedup();
    problems
}

#[derive(Default)]
struct Loader {
    problems: Vec<Problem>,
    notices: Vec<Notice>,
    sources: BTreeMap<Arc<str>, Arc<str>>,
    rules: Vec<Rule>,
    windows: Vec<WindowRule>,
    names: BTreeSet<String>,
}

impl Loader {
    fn limits(&mut self, pack: &PackSource) -> Limits {
        let mut limits = match pack.unread {
            true => Limits::unread(),
            false => Limits::default(),
        };
        for (file, text) in &pack.thresholds {
            let known = self.sources.insert(file.clone(), text.clone()).is_some();
            let mut found = Vec::new();
            limits = limits.over(Limits::parse(file, text, &mut found));
            if !known {
                self.problems.append(&mut found);
            }
        }
        limits
    }

    fn set(&mut self, mut packs: Vec<Limits>, overrides: &Overrides) -> Vec<Limits> {
        for (name, written) in overrides.iter() {
            let mut exists = false;
            let mut bad = None;
            for limits in &mut packs {
                match limits.set(name, written) {
                    Ok(set) => exists |= set,
                    Err(why) => bad = Some(why),
                }
            }
            if let Some(why) = bad {
                let kind = ProblemKind::BadOverride {
                    name: name.to_owned(),
                    why,
                };
                self.problems.push(Problem::new(kind, None));
            } else if !exists && !packs.iter().any(|limits| limits.may_have(name)) {
                let names = packs.iter().flat_map(Limits::names);
                let help = did_you_mean(name, names);
                let kind = ProblemKind::UnknownOverride {
                    name: name.to_owned(),
                };
                self.problems
                    .push(Problem::new(kind, None).maybe_help(help));
            }
        }
        packs
    }

    fn pack(&mut self, index: usize, pack: &PackSource, limits: &Limits) {
        let mut used = BTreeSet::new();
        let mut uses = Vec::new();
        for (name, text) in &pack.files {
            self.sources.insert(name.clone(), text.clone());
            self.file(index, name, text, limits, &mut used, &mut uses);
        }
        self.several_units(&uses);
        if !pack.whole {
            return;
        }
        for (name, entry) in limits.iter() {
            let Some(place) = &entry.place else { continue };
            let own = pack
                .thresholds
                .first()
                .is_some_and(|(file, _)| *file == place.file);
            if own && !used.contains(name) {
                let kind = ProblemKind::UnusedLimit(name.to_owned());
                self.notices.push(Notice::new(kind, Some(place.clone())));
            }
        }
    }

    fn file(
        &mut self,
        pack: usize,
        name: &Arc<str>,
        source: &str,
        limits: &Limits,
        used: &mut BTreeSet<String>,
        uses: &mut Vec<(Use, Place)>,
    ) {
        let mut sandbox = Sandbox::new(limits);
        let registered = registry(&mut sandbox);
        sandbox.deadline.allow(LOADING);
        let compiled = catch_unwind(AssertUnwindSafe(|| sandbox.engine.compile(source)));
        let ast = match compiled {
            Ok(Ok(ast)) => Arc::new(ast),
            Ok(Err(error)) => {
                let message = error.err_type().to_string();
                let help = syntax::help(error.err_type(), source, error.position());
                let place = place(name, source, error.position());
                let problem = Problem::new(ProblemKind::Syntax(message), place);
                self.problems.push(problem.maybe_help(help));
                return;
            }
            Err(_) => {
                let kind = ProblemKind::Syntax("the parser broke on this file".to_owned());
                self.problems
                    .push(Problem::new(kind, place(name, source, Position::NONE)));
                return;
            }
        };
        let outline = ast::outline(&ast);
        self.names.extend(
            outline
                .properties
                .iter()
                .map(|property| property.name.clone()),
        );
        used.extend(outline.limits.iter().map(|limit| limit.name.clone()));
        let functions = ast::Functions::of(&ast);
        let file = File {
            name,
            source,
            outline: &outline,
            functions: &functions,
            limits,
            ast: &ast,
            pack,
        };
        let mut named = check(&file);
        let failed = may_run(&file).then(|| run(&sandbox, &ast)).flatten();
        if let Some((message, position)) = failed.filter(|_| named.is_empty()) {
            let kind = ProblemKind::Run(message);
            self.problems
                .push(Problem::new(kind, place(name, source, position)));
        }
        let registered = registered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut findings = Findings::default();
        let known = (self.rules.len(), self.windows.len());
        for registration in &registered {
            if is_enough(&findings.problems) {
                break;
            }
            if registration.window {
                self.windows
                    .extend(window::read(&file, registration, &mut findings));
            } else {
                self.rules.extend(read(&file, registration, &mut findings));
            }
        }
        self.without_sites(&file, known);
        if registered.is_empty() && named.is_empty() {
            let place = place(name, source, Position::NONE);
            self.notices.push(Notice::new(ProblemKind::NoRule, place));
        }
        // What is known of a closure says more than a name by itself.
        named.retain(|problem| {
            let mut found = findings.problems.iter();
            found.all(|other| other.kind.is_notice() || other.place != problem.place)
        });
        if is_enough(&named) || is_enough(&findings.problems) {
            let places = named.iter().chain(&findings.problems);
            let last = places.filter_map(|problem| problem.place.clone()).max();
            let kind = ProblemKind::More(named.len() + findings.problems.len());
            named.push(Problem::new(kind, last));
        }
        for problem in named.into_iter().chain(findings.problems) {
            if let ProblemKind::UnknownLimit(limit) = &problem.kind
                && limits.may_have(limit)
            {
                // What is wrong with the limit itself is told, and is all that is known.
                continue;
            }
            if problem.kind.is_notice() {
                self.notices.push(problem);
            } else {
                self.problems.push(problem);
            }
        }
        uses.extend(findings.uses);
    }

    /// Tells that a file needs sites, if a rule of it, behind those that are known, has nothing else
    /// to go by.
    fn without_sites(&mut self, file: &File<'_>, known: (usize, usize)) {
        let of_rules = self.rules[known.0..].iter().flat_map(|rule| &rule.bodies);
        let of_windows = self.windows[known.1..].iter().flat_map(|rule| &rule.bodies);
        let needs = |body: &Body| body.typed.as_ref().map_or(true, condition::needs_site);
        let mut properties = file.outline.properties.iter();
        let site = properties.find(|property| property.name == Link::Site.name());
        if let Some(site) = site.filter(|_| of_rules.chain(of_windows).any(needs)) {
            // Whoever has a sites file takes it back.
            let place = file.place(site.spot);
            let notice = Notice::new(ProblemKind::NoSites, Some(place));
            let help = "name the building file with --sites, as it is uploaded to the Call Quality Dashboard";
            self.notices.push(notice.help(help));
        }
    }

    /// A limit without a unit means whatever it is compared with: better one thing only.
    fn several_units(&mut self, uses: &[(Use, Place)]) {
        let mut first: BTreeMap<&str, &(Use, Place)> = BTreeMap::new();
        let mut said = BTreeSet::new();
        for used in uses {
            let name = used.0.limit.as_str();
            let one = first.entry(name).or_insert(used);
            if one.0.dimension == used.0.dimension || !said.insert(name) {
                continue;
            }
            let kind = ProblemKind::SeveralUnits {
                name: name.to_owned(),
                one: used.0.with.clone(),
                other: one.0.with.clone(),
            };
            let mut notice = Notice::new(kind, Some(used.1.clone()))
                .help("make two limits of it, each with its unit, as in `\"30ms\"` or `\"10%\"`");
            notice.also = Some((one.1.clone(), "there".to_owned()));
            self.notices.push(notice);
        }
    }

    fn duplicates(&mut self) {
        let mut first: BTreeMap<&str, &Place> = BTreeMap::new();
        let rules = self.rules.iter().map(|rule| (&rule.name, &rule.place));
        let windows = self.windows.iter().map(|rule| (&rule.name, &rule.place));
        for (name, place) in rules.chain(windows) {
            let Some(other) = first.insert(name, place) else {
                continue;
            };
            let kind = ProblemKind::DuplicateRule(name.to_string());
            let mut problem = Problem::new(kind, Some(place.clone()))
                .help("rules are known by their names; give one of them another");
            problem.also = Some((other.clone(), "the first one".to_owned()));
            self.problems.push(problem);
        }
    }
}

/// A file registers no more rules than this; each is a map that Rhai no longer counts.
const MOST_RULES: usize = 1_000;

type Registry = Arc<Mutex<Vec<Registration>>>;

/// Adds `rule(name, map)` and `window(name, map)` to the engine, and what they collect.
fn registry(sandbox: &mut Sandbox) -> Registry {
    let registry = Registry::default();
    for (function, window) in [("rule", false), ("window", true)] {
        register(sandbox, function, window, registry.clone());
    }
    registry
}

fn register(sandbox: &mut Sandbox, function: &str, window: bool, collected: Registry) {
    sandbox.engine.register_fn(
        function,
        move |context: NativeCallContext<'_>, name: ImmutableString, map: Map| {
            let mut collected = collected.lock().unwrap_or_else(PoisonError::into_inner);
            if collected.len() >= MOST_RULES {
                let message = format!("a file has at most {MOST_RULES} rules");
                return Err(failure(message));
            }
            let position = context.call_position();
            let call = (
                position.line().unwrap_or(1),
                position.position().unwrap_or(1),
            );
            let registration = Registration {
                name: name.to_string(),
                map,
                call,
                window,
            };
            collected.push(registration);
            Ok(())
        },
    );
}

/// Runs a file once; what went wrong, in words.
fn run(sandbox: &Sandbox, ast: &AST) -> Option<(String, Position)> {
    sandbox.deadline.allow(LOADING);
    match catch_unwind(AssertUnwindSafe(|| sandbox.engine.run_ast(ast))) {
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            let (error, position): (&EvalAltResult, Position) = innermost(&error, Position::NONE);
            Some((describe(error).1, position))
        }
        Err(_) => Some(("it brought the interpreter down".to_owned(), Position::NONE)),
    }
}

fn place(file: &Arc<str>, source: &str, position: Position) -> Option<Place> {
    let (line, column) = (
        position.line().unwrap_or(1),
        position.position().unwrap_or(1),
    );
    Some(Place::of_word(file, source, line, column))
}
