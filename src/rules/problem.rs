//! What can be wrong with a rule folder, each with a code that never changes meaning.
//!
//! [`CODES`] is the registry: a new kind takes the next number, and no number is used again.
//! `docs/rule-problems.md` explains each, and `tests/cases/rules` has a case for each.
//!
//! It finds nothing and places nothing.

use std::fmt;

/// What is wrong.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// Rhai cannot read it.
    #[error("syntax: {0}")]
    Syntax(String),
    /// Running the file failed or took too long.
    #[error("running the file failed: {0}")]
    Run(String),
    /// No level has such a property.
    #[error("unknown property `{0}`")]
    UnknownProperty(String),
    /// A namespace that rules do not have.
    #[error("unknown name `{0}::`")]
    UnknownNamespace(String),
    /// Another level has it.
    #[error("`{name}` is no property of {level}")]
    WrongLevel {
        /// The property.
        name: String,
        /// The level it was asked of, with its article.
        level: String,
    },
    /// No threshold has that name.
    #[error("unknown limit `{0}`")]
    UnknownLimit(String),
    /// No such function.
    #[error("unknown function `{0}`")]
    UnknownFunction(String),
    /// A key that rules do not have.
    #[error("unknown key `{0}` in a rule")]
    UnknownKey(String),
    /// A key that every rule must have.
    #[error("rule `{rule}` has no `{key}`")]
    MissingKey {
        /// The rule.
        rule: String,
        /// The key.
        key: &'static str,
    },
    /// A key with a value it cannot have.
    #[error("`{key}` must be {want}")]
    WrongValue {
        /// The key.
        key: String,
        /// What it takes.
        want: &'static str,
    },
    /// `on` names no level.
    #[error("unknown level `{0}`")]
    UnknownLevel(String),
    /// `severity` names none.
    #[error("unknown severity `{0}`")]
    UnknownSeverity(String),
    /// A rule's name must be words joined by dashes.
    #[error("`{0}` is no rule name")]
    BadName(String),
    /// Two rules of one name.
    #[error("a second rule named `{0}`")]
    DuplicateRule(String),
    /// A closure that could change what it captured.
    #[error("`{key}` of rule `{rule}` captures the variable `{name}`, which could change")]
    CapturedVariable {
        /// The rule.
        rule: String,
        /// The closure's key.
        key: String,
        /// The variable.
        name: String,
    },
    /// A closure that captures a variable, or in a place where that could happen any number of
    /// times.
    #[error("a closure captures `{0}`")]
    Capture(String),
    /// A function of the file's own with a name of the language's.
    #[error("`{0}` is a function that all rules have")]
    Shadow(String),
    /// More problems in one file than are listed.
    #[error("there is more wrong with this file; only the first {0} problems are listed")]
    More(usize),
    /// A file whose `rule(…)` is never reached.
    #[error("this file registers no rule")]
    NoRule,
    /// `thresholds.toml` is no TOML.
    #[error("{0}")]
    Toml(String),
    /// A limit that cannot be read.
    #[error("{0}")]
    BadLimit(String),
    /// A key that thresholds do not have.
    #[error("unknown key `{0}` in a limit")]
    UnknownLimitKey(String),
    /// A limit that no rule of its folder reads.
    #[error("no rule here reads the limit `{0}`")]
    UnusedLimit(String),
    /// A closure that only the interpreter understands.
    #[error(
        "`{key}` of rule `{rule}` is not checked, and runs in the interpreter: it has {reason}"
    )]
    NotFollowed {
        /// The rule.
        rule: String,
        /// The closure's key.
        key: &'static str,
        /// What stands in it.
        reason: String,
    },
    /// A function that takes another number of values.
    #[error("`{name}` takes {takes}, not {got}")]
    WrongArguments {
        /// The function.
        name: String,
        /// How many it takes, in words.
        takes: String,
        /// How many it was given.
        got: usize,
    },
    /// A closure that does not take the one object it is given.
    #[error("`{key}` must be a closure of one parameter, not {got}")]
    WrongParameters {
        /// The closure's key.
        key: String,
        /// How many it has.
        got: usize,
    },
    /// `=` where `==` was meant.
    #[error("`{0}` cannot be set: a rule changes nothing")]
    Assignment(String),
    /// A property of what has none.
    #[error("{of} is {sort}, which has no property `{name}`")]
    NoProperties {
        /// The property.
        name: String,
        /// What it was asked of.
        of: String,
        /// What that is.
        sort: String,
    },
    /// A link that is there elsewhere, but never behind these.
    #[error("`{from}` never has a `{link}`: Graph keeps it with the media")]
    NeverThere {
        /// What it was asked of, as the rule reaches it.
        from: String,
        /// The link.
        link: &'static str,
    },
    /// A text that the field never holds.
    #[error("`{field}` is never `\"{got}\"`")]
    NoMember {
        /// The field.
        field: &'static str,
        /// The text.
        got: String,
    },
    /// Two units that do not go together.
    #[error("{one}, but {other}")]
    Misfit {
        /// One side and what it is.
        one: String,
        /// The other side and what it is.
        other: String,
    },
    /// A number that no plausible reading comes near.
    #[error("{0}")]
    OutOfRange(Judged),
    /// A number at the very end of the range.
    #[error("{0}")]
    AtTheEdge(Judged),
    /// A rule reads `site`, and there is no sites file.
    #[error("without a sites file `site` is missing everywhere")]
    NoSites,
    /// A number below one without a unit, where one would be far too small.
    #[error("{what} is in {unit}, and {value} {unit} is hardly what is meant")]
    BareFraction {
        /// What it is compared with.
        what: String,
        /// The unit, in words.
        unit: &'static str,
        /// The number.
        value: f64,
    },
    /// Sorts that no operator brings together.
    #[error("{0}")]
    Mismatch(String),
    /// Something that cannot be compared.
    #[error("{what} is {sort}, which cannot be compared")]
    NoValue {
        /// What.
        what: String,
        /// What it is.
        sort: String,
    },
    /// Something that is neither true nor false.
    #[error("{taker} needs true or false, but {what} is {sort}")]
    NoCondition {
        /// What.
        what: String,
        /// What it is.
        sort: String,
        /// What takes it.
        taker: String,
    },
    /// `if` on something that may be unknown.
    #[error("`if` needs a plain true or false, and a comparison with a reading may be unknown")]
    UnknownInIf,
    /// Sometimes one sort, sometimes another.
    #[error("this is {one} or {other}, by what the document holds")]
    TwoSorts {
        /// One sort.
        one: String,
        /// The other.
        other: String,
    },
    /// Something that cannot be shown as text.
    #[error("{what} is {sort}, which has no text")]
    NoText {
        /// What.
        what: String,
        /// What it is.
        sort: String,
    },
    /// An operator that knows nothing but plain values.
    #[error("`{operator}` takes plain values only, not {what}")]
    PlainOperator {
        /// The operator.
        operator: String,
        /// The sort of what it was given.
        what: String,
    },
    /// `==` on a measured number with a fraction.
    #[error("`{0}` is measured, and hardly ever exactly equal to anything")]
    ExactFraction(&'static str),
    /// A limit without a unit that is compared with several.
    #[error(
        "the limit `{name}` has no unit, and is compared with {one} here and with {other} there"
    )]
    SeveralUnits {
        /// The limit.
        name: String,
        /// What it is compared with.
        one: String,
        /// What else.
        other: String,
    },
    /// A window that measures nothing.
    #[error("the window `{0}` measures nothing")]
    NoMeasure(String),
    /// Two keys of which a window has one.
    #[error("a window has `{one}` or `{other}`, not both")]
    TwoMeasures {
        /// One of them.
        one: String,
        /// The other.
        other: String,
    },
    /// A key that a window needs.
    #[error("the window `{rule}` has no `{key}`")]
    WindowWithout {
        /// The rule.
        rule: String,
        /// The key.
        key: &'static str,
    },
    /// A key that says nothing of what is measured.
    #[error("`{key}` says nothing where `{measure}` is measured")]
    PointlessKey {
        /// The key.
        key: &'static str,
        /// What is measured.
        measure: String,
    },
    /// A rule with a cool-down, whose key is its call.
    #[error("`cooldown` needs `by`: one call alerts once in any case")]
    CooldownAlone,
    /// A length of time, a threshold or a least number that cannot be one.
    #[error("`{key}` must be {want}, and this is {why}")]
    OddQuantity {
        /// The key.
        key: String,
        /// What it takes.
        want: &'static str,
        /// What it was given.
        why: String,
    },
    /// `--set` of a limit that does not exist.
    #[error("`--set {name}`: there is no limit of that name")]
    UnknownOverride {
        /// The name that was set.
        name: String,
    },
    /// `--set` with a value that cannot be read.
    #[error("`--set {name}`: {why}")]
    BadOverride {
        /// The limit.
        name: String,
        /// What is wrong with the value.
        why: String,
    },
    /// A file or folder that cannot be read.
    #[error("cannot read {path}: {why}")]
    Unreadable {
        /// The path.
        path: String,
        /// Why not.
        why: String,
    },
    /// A folder or file without a rule.
    #[error("no rules in {0}")]
    NoRules(String),
}

/// The registry: each code and what it says, in their order.
pub const CODES: &[(&str, &str)] = &[
    ("QR001", "syntax"),
    ("QR002", "running a file failed"),
    ("QR003", "a file or folder cannot be read"),
    ("QR004", "a folder or file without rules"),
    ("QR005", "more problems in one file than are listed"),
    ("QR006", "a file that registers no rule"),
    ("QR007", "a function with a name of the language's"),
    ("QR008", "a closure that captures what it must not"),
    ("QR010", "unknown property"),
    ("QR011", "a property of another level"),
    ("QR012", "unknown `…::`"),
    ("QR013", "unknown function"),
    ("QR014", "a function called with too many or too few values"),
    ("QR015", "a property of a value that has none"),
    ("QR016", "a way that leads nowhere in any record"),
    ("QR020", "unknown key in a rule"),
    ("QR021", "a rule without `on` or `when`"),
    ("QR022", "a key with a value it cannot have"),
    ("QR023", "unknown level"),
    ("QR024", "unknown severity"),
    ("QR025", "a name that no rule can have"),
    ("QR026", "two rules of one name"),
    ("QR027", "a captured variable that could change"),
    ("QR028", "a closure that does not take one parameter"),
    ("QR029", "`=` where a rule can only compare"),
    ("QR030", "unknown limit"),
    ("QR031", "thresholds.toml is no TOML"),
    ("QR032", "a limit that cannot be read"),
    ("QR033", "unknown key in a limit"),
    ("QR034", "a limit that no rule reads"),
    ("QR035", "`--set` of a limit that does not exist"),
    ("QR036", "`--set` with a value that does not fit"),
    ("QR037", "a limit without a unit, compared with several"),
    ("QR040", "a text that the field never holds"),
    ("QR041", "units that do not go together"),
    ("QR042", "a number out of the field's range"),
    (
        "QR043",
        "a fraction without a unit, against milliseconds or percent",
    ),
    ("QR044", "sorts that do not go together"),
    ("QR045", "an object or comparison, compared"),
    ("QR046", "a condition that is neither true nor false"),
    ("QR047", "`if` on what may be unknown"),
    ("QR048", "sometimes one sort and sometimes another"),
    ("QR049", "an object or comparison, as a text"),
    ("QR050", "an operator that knows plain values only"),
    ("QR060", "a closure that cannot be checked"),
    ("QR061", "`==` on a measured number"),
    ("QR062", "a number at the very end of the field's range"),
    ("QR063", "a rule that reads `site`, and no sites file"),
    ("QR070", "a window that measures nothing"),
    ("QR071", "two keys of which a window has one"),
    ("QR072", "a window without a key that it needs"),
    ("QR073", "a key that says nothing of what a window measures"),
    (
        "QR074",
        "a length of time, threshold or number that cannot be one",
    ),
    ("QR075", "a cool-down without `by`"),
];

impl ProblemKind {
    /// Its code, which never changes meaning.
    pub const fn code(&self) -> &'static str {
        use ProblemKind as K;
        match self {
            K::Syntax(_) => "QR001",
            K::Run(_) => "QR002",
            K::Unreadable { .. } => "QR003",
            K::NoRules(_) => "QR004",
            K::More(_) => "QR005",
            K::NoRule => "QR006",
            K::Shadow(_) => "QR007",
            K::Capture(_) => "QR008",
            K::UnknownProperty(_) => "QR010",
            K::WrongLevel { .. } => "QR011",
            K::UnknownNamespace(_) => "QR012",
            K::UnknownFunction(_) => "QR013",
            K::WrongArguments { .. } => "QR014",
            K::NoProperties { .. } => "QR015",
            K::NeverThere { .. } => "QR016",
            K::UnknownKey(_) => "QR020",
            K::MissingKey { .. } => "QR021",
            K::WrongValue { .. } => "QR022",
            K::UnknownLevel(_) => "QR023",
            K::UnknownSeverity(_) => "QR024",
            K::BadName(_) => "QR025",
            K::DuplicateRule(_) => "QR026",
            K::CapturedVariable { .. } => "QR027",
            K::WrongParameters { .. } => "QR028",
            K::Assignment(_) => "QR029",
            K::UnknownLimit(_) => "QR030",
            K::Toml(_) => "QR031",
            K::BadLimit(_) => "QR032",
            K::UnknownLimitKey(_) => "QR033",
            K::UnusedLimit(_) => "QR034",
            K::UnknownOverride { .. } => "QR035",
            K::BadOverride { .. } => "QR036",
            K::SeveralUnits { .. } => "QR037",
            K::NoMember { .. } => "QR040",
            K::Misfit { .. } => "QR041",
            K::OutOfRange(_) => "QR042",
            K::BareFraction { .. } => "QR043",
            K::Mismatch(_) => "QR044",
            K::NoValue { .. } => "QR045",
            K::NoCondition { .. } => "QR046",
            K::UnknownInIf => "QR047",
            K::TwoSorts { .. } => "QR048",
            K::NoText { .. } => "QR049",
            K::PlainOperator { .. } => "QR050",
            K::NotFollowed { .. } => "QR060",
            K::ExactFraction(_) => "QR061",
            K::AtTheEdge(_) => "QR062",
            K::NoSites => "QR063",
            K::NoMeasure(_) => "QR070",
            K::TwoMeasures { .. } => "QR071",
            K::WindowWithout { .. } => "QR072",
            K::PointlessKey { .. } => "QR073",
            K::OddQuantity { .. } => "QR074",
            K::CooldownAlone => "QR075",
        }
    }

    /// Whether it is worth knowing and keeps nothing from loading.
    pub const fn is_notice(&self) -> bool {
        use ProblemKind as K;
        matches!(
            self,
            K::UnusedLimit(_)
                | K::NoRule
                | K::SeveralUnits { .. }
                | K::NotFollowed { .. }
                | K::ExactFraction(_)
                | K::AtTheEdge(_)
                | K::NoSites
        )
    }
}

/// A comparison that is always or never true, whatever the document.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// What is compared.
    pub what: String,
    /// What it can plausibly be, in words.
    pub range: String,
    /// The comparison, without what is compared.
    pub compared: String,
    /// Whether it is always or never true.
    pub always: bool,
    /// What that means for the rule.
    pub fires: Fires,
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let always = if self.always { "always" } else { "never" };
        let Judged {
            what,
            range,
            compared,
            fires,
            ..
        } = self;
        write!(
            f,
            "{what} is {range}, so `{compared}` is {always} true{fires}"
        )
    }
}

/// What a comparison that is always or never true does to its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fires {
    /// By it the rule would always fire.
    Always,
    /// By it the rule could never fire.
    Never,
    /// It decides nothing about firing.
    Unsaid,
}

impl fmt::Display for Fires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fires::Always => ": by it the rule would always fire",
            Fires::Never => ": by it the rule could never fire",
            Fires::Unsaid => "",
        })
    }
}
