//! Was the call good? Rules in Rhai, loaded once, asked for every document.
//!
//! [`RuleSet::load`] reads `rules/*.rhai` and `thresholds.toml` and names everything that is
//! wrong with them at once. The record side fills a [`Facts`] by the set's
//! [`Layout`]; each worker's [`Evaluator`] answers with an [`Outcome`].
//!
//! `rules` never sees bytes or the tape, and knows no alert: a finding is a place and its
//! reasons. A missing reading is neither false nor zero.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

mod arithmetic;
mod ast;
mod check;
mod compare;
mod condition;
mod diagnostic;
mod engine;
mod evaluator;
mod explain;
mod expr;
pub mod facts;
mod fault;
mod field_set;
pub mod fields;
mod interpret;
pub mod layout;
mod level;
mod limits;
mod load;
mod lower;
pub mod meaning;
pub mod names;
mod object;
mod outcome;
mod pack;
mod problem;
mod quantity;
mod reader;
mod rule;
mod severity;
mod strangers;
mod syntax;
mod truth;
mod typed;
mod typing;
mod value;
mod way;
mod window;

#[cfg(test)]
mod tests;

pub use compare::{Comparison, Op};
pub use condition::{Condition, ConditionReading};
pub(crate) use diagnostic::did_you_mean;
pub(crate) use diagnostic::shortened;
pub use diagnostic::{LoadErrors, Notice, Place, Problem, render};
pub use evaluator::Evaluator;
pub use explain::{Explainer, Explanation, OtherLimits, Said, Seen};
pub use field_set::FieldSet;
pub use interpret::{FORGIVEN_AFTER, MOST_RUNAWAYS};
pub use limits::{Entry as LimitEntry, Limits};
pub use outcome::{FaultKind, Finding, Key, Outcome, RuleFault, RuleOutcome};
pub use pack::{Overrides, PackSource};
pub use problem::{CODES as PROBLEM_CODES, Fires, Judged, ProblemKind};
pub(crate) use quantity::quantity;
pub use rule::Rule;
pub use severity::Severity;
pub use value::{Limit, Source, Value, Witness};
pub use way::{Interpreted, Way};
pub use window::sample::parts as key_parts;
pub(crate) use window::sample::{Sampled, Sampler, Tally};
pub use window::{Measured as WindowMeasured, WindowRule};

use facts::Facts;
use fields::{FieldId, Level};
use layout::Layout;

/// Rule files and limits by name and text.
pub type Texts = BTreeMap<Arc<str>, Arc<str>>;

/// What [`RuleSet::load`] would read of these paths now; what cannot be read is left out.
pub fn texts(paths: &[PathBuf]) -> Texts {
    pack::find(paths, &mut Vec::new())
        .into_iter()
        .flat_map(|pack| pack.thresholds.into_iter().chain(pack.files))
        .collect()
}

/// Rules that loaded, with their limits. Cheap to clone and shared by all workers.
#[derive(Clone, Debug)]
pub struct RuleSet {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    rules: Vec<Rule>,
    windows: Vec<WindowRule>,
    packs: Vec<load::Pack>,
    layout: Arc<Layout>,
    program: lower::Program,
    runaways: Vec<interpret::Runaways>,
    sources: BTreeMap<Arc<str>, Arc<str>>,
}

/// The compiled rules, each with its number.
fn rule_truths(rules: &[Rule]) -> impl Iterator<Item = (usize, Level, &lower::Truth)> {
    rules.iter().enumerate().filter_map(|(number, rule)| {
        let truth = rule.native.when.as_ref().ok()?;
        Some((number, rule.level, truth))
    })
}

impl RuleSet {
    /// Loads folders and files; none of them, if anything in them is wrong.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, with places.
    pub fn load(
        paths: &[PathBuf],
        overrides: &Overrides,
    ) -> Result<(RuleSet, Vec<Notice>), LoadErrors> {
        let mut problems = Vec::new();
        let packs = pack::find(paths, &mut problems);
        load::load(&packs, overrides, problems).map(RuleSet::of)
    }

    /// Loads the rules inside the binary: those of `rules/` that are on by default.
    ///
    /// # Errors
    ///
    /// An override that does not fit.
    pub fn builtin(overrides: &Overrides) -> Result<(RuleSet, Vec<Notice>), LoadErrors> {
        RuleSet::from_sources(&[PackSource::builtin()], overrides)
    }

    /// Loads texts that are at hand.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, with places.
    pub fn from_sources(
        packs: &[PackSource],
        overrides: &Overrides,
    ) -> Result<(RuleSet, Vec<Notice>), LoadErrors> {
        load::load(packs, overrides, Vec::new()).map(RuleSet::of)
    }

    fn of(loaded: load::Loaded) -> (RuleSet, Vec<Notice>) {
        let truths = rule_truths(&loaded.rules);
        let program = lower::Program::new(&loaded.layout, truths);
        let runaways = loaded
            .rules
            .iter()
            .map(|_| interpret::Runaways::default())
            .collect();
        let inner = Inner {
            rules: loaded.rules,
            windows: loaded.windows,
            packs: loaded.packs,
            layout: Arc::new(loaded.layout),
            program,
            runaways,
            sources: loaded.sources,
        };
        (
            RuleSet {
                inner: Arc::new(inner),
            },
            loaded.notices,
        )
    }

    /// The rules, in the order of folders, files and text.
    pub fn rules(&self) -> &[Rule] {
        &self.inner.rules
    }

    /// The rules over windows, in the same order.
    pub fn windows(&self) -> &[WindowRule] {
        &self.inner.windows
    }

    /// The limits that a window rule reads its own from.
    pub fn window_limits(&self, window: &WindowRule) -> &Limits {
        &self.inner.packs[window.pack].limits
    }

    /// An evaluator, and what takes samples for the window rules of what it asks, for one worker
    /// thread: what rules and windows have in common is asked once.
    pub(crate) fn evaluator_and_sampler(&self) -> (Evaluator, Sampler) {
        let sampler = Sampler::new(self.clone());
        let beside = self.rules().len();
        let questions = sampler.questions();
        let questions = questions.map(|(number, level, truth)| (beside + number, level, truth));
        let truths = rule_truths(self.rules()).chain(questions);
        let program = lower::Program::new(self.layout(), truths);
        (Evaluator::with(self.clone(), program), sampler)
    }

    /// Whether it is the very same set, loaded once.
    pub fn is(&self, other: &RuleSet) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// The limits that a rule reads its own from.
    pub fn limits(&self, rule: &Rule) -> &Limits {
        &self.inner.packs[rule.pack].limits
    }

    /// How each closure of a rule is run, `when` first.
    pub fn ways(&self, rule: &Rule) -> Vec<Way> {
        let source = self.inner.sources.get(&rule.place.file);
        way::ways(rule, source.map_or("", |text| text))
    }

    /// The closures of a window rule that are interpreted; all others are compiled.
    pub fn window_ways(&self, window: &WindowRule) -> Vec<Way> {
        let source = self.inner.sources.get(&window.place.file);
        way::window_ways(window, source.map_or("", |text| text))
    }

    /// What the record side has to capture.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.inner.layout
    }

    /// The fields of a level that some rule reads.
    pub fn wanted(&self, level: Level) -> &[FieldId] {
        self.inner.layout.wanted(level)
    }

    /// An empty arena of this set's layout. One made for another set must not be used here.
    pub fn facts(&self) -> Facts {
        Facts::new(self.inner.layout.clone())
    }

    /// An evaluator for one worker thread.
    pub fn evaluator(&self) -> Evaluator {
        Evaluator::new(self.clone())
    }

    /// The same rules with other limits, so that they read the same facts as `base`.
    ///
    /// Both must come of the same files. A set that is shared already stays as it is.
    pub(crate) fn beside(mut self, base: &RuleSet) -> RuleSet {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.layout = base.inner.layout.clone();
        }
        self
    }

    /// What explains the rules, for one thread.
    pub fn explainer(&self) -> Explainer {
        Explainer::new(self.clone())
    }

    /// The text of each file, by name, to show problems and faults in.
    pub fn sources(&self) -> &BTreeMap<Arc<str>, Arc<str>> {
        &self.inner.sources
    }

    /// An evaluator that interprets every rule: slow, and the reference for the other.
    pub fn interpreter(&self) -> Evaluator {
        Evaluator::interpreted(self.clone())
    }

    fn program(&self) -> &lower::Program {
        &self.inner.program
    }

    fn packs(&self) -> &[load::Pack] {
        &self.inner.packs
    }

    fn runaways(&self) -> &[interpret::Runaways] {
        &self.inner.runaways
    }
}
