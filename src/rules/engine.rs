//! The sandbox: a Rhai engine with nothing in it but what rules need, and every limit set.
//!
//! It starts from `Engine::new_raw`: no package, so no `print`, `sleep`, `exit`, `replace` or
//! clock exists to be called; `eval`, `import` and `export` are no words at all. What one
//! operation may do is bounded by the sizes below, what all of them may do by count and time; and
//! so is reading a file, token by token.
//!
//! Memory is bounded by shape: what Rhai's own limits do not count, a function that holds other
//! values, cannot be made while a rule runs. There is no `curry`, and [`check`](super::check)
//! refuses closures that capture.

use std::any::TypeId;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rhai::packages::{BasicIteratorPackage, Package};
use rhai::{
    Dynamic, Engine, FLOAT, INT, ImmutableString, LexError, Module, OptimizationLevel, Token,
};

use super::arithmetic;
use super::compare::{self, Op};
use super::fields::property_names;
use super::limits::Limits;
use super::object::{Handle, Measured, Property};
use super::truth::{self, Truth};
use super::value::{self, Failure, Limit};

/// Time of one rule, all its closures together, on so many objects of one document, …
pub(crate) const EVALUATION: Duration = Duration::from_millis(50);
/// … or on fewer, where there are no more.
pub(crate) const TURN: usize = 64;
/// Time of reading one rule file, and again of running it once.
pub(crate) const LOADING: Duration = Duration::from_millis(60);

const OPERATIONS: u64 = 100_000;
const CALL_LEVELS: usize = 8;
const EXPRESSION_DEPTH: usize = 64;
const FUNCTION_EXPRESSION_DEPTH: usize = 64;
const VARIABLES: usize = 64;
const FUNCTIONS: usize = 256;
const STRING: usize = 4_096;
const ARRAY: usize = 1_000;
const MAP: usize = 100;

/// The functions a rule may call, beside its own, and how many values each takes.
pub(crate) const FUNCTIONS_KNOWN: &[(&str, Option<usize>)] = &[
    ("rule", Some(2)),
    ("window", Some(2)),
    ("has", Some(1)),
    ("note", Some(1)),
    ("guard", Some(1)),
    ("contains", Some(2)),
    ("certain", Some(1)),
    ("to_string", Some(1)),
    ("Fn", None),
    ("call", None),
    ("type_of", None),
    ("range", None),
    ("is_shared", None),
];

/// What the engine is stopped with when it has used its stack.
pub(crate) const TOO_DEEP: &str = "its functions call each other too deeply";

/// What Rhai itself calls to make a closure that captures.
pub(crate) const CAPTURE: &str = "curry";

/// Words of Rhai that no rule has.
pub(crate) const WORDLESS: &[&str] = &[
    "eval", "import", "export", "print", "debug", "sleep", "exit", CAPTURE,
];

/// It compares by hash, so that of a reading, which may be missing, it takes no branch but the last:
/// a wrong verdict, and no error.
pub(crate) const SWITCH: &str = "switch";

/// What is said of a rule that has used its time.
pub(crate) const TOO_LONG: &str = "it took too long";

/// What is said of a file that takes too long to read.
pub(crate) const TOO_MUCH: &str = "the file takes too long to read; make several of it";

/// The name Rhai gives the outcome of a comparison in its own messages.
pub(crate) const TRUTH_NAME: &str = "comparison";

/// Stack that one run may use. Threads of ours have at least twice that, Rust's default.
const STACK: usize = 1 << 20;

/// Until when, and how deep, the engine may run; shared with the engine's progress hook.
#[derive(Debug)]
pub(crate) struct Deadline {
    start: Instant,
    /// wall time, in nanoseconds after `start`
    until: AtomicU64,
    /// what was allowed, in nanoseconds
    allowed: AtomicU64,
    /// this thread's own time, once wall time is over; 0 before
    own_until: AtomicU64,
    base: AtomicUsize,
}

/// Where the stack is now, near enough.
#[inline(never)]
fn stack() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&here)).addr()
}

impl Deadline {
    fn new() -> Deadline {
        Deadline {
            start: Instant::now(),
            until: AtomicU64::new(u64::MAX),
            allowed: AtomicU64::new(0),
            own_until: AtomicU64::new(0),
            base: AtomicUsize::new(stack()),
        }
    }

    /// Allows `time` from now on, and [`STACK`] from here on.
    pub(crate) fn allow(&self, time: Duration) {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.base.store(stack(), Ordering::Relaxed);
        self.until
            .store(nanos(self.start.elapsed() + time), Ordering::Relaxed);
        self.allowed.store(nanos(time), Ordering::Relaxed);
        self.own_until.store(0, Ordering::Relaxed);
    }

    /// Calls and expressions cost very different amounts of stack, from build to build: the
    /// counts below cannot keep a thread from overflowing its own, which would end the process.
    fn is_deep(&self) -> bool {
        self.base.load(Ordering::Relaxed).abs_diff(stack()) > STACK
    }

    /// Whether the time allowed is over. Wall time is cheap to ask, but passes also while the
    /// thread does not run; so once it is over, the same again in the thread's own time is
    /// allowed: a busy machine must not silence a rule.
    pub(crate) fn is_over(&self) -> bool {
        let now = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        if now <= self.until.load(Ordering::Relaxed) {
            return false;
        }
        let own = own_time();
        match self.own_until.load(Ordering::Relaxed) {
            0 => {
                let until = own.saturating_add(self.allowed.load(Ordering::Relaxed));
                self.own_until.store(until.max(1), Ordering::Relaxed);
                false
            }
            until => own > until,
        }
    }
}

/// Time that this thread has run, in nanoseconds.
fn own_time() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
}

/// One engine and the clock that stops it.
pub(crate) struct Sandbox {
    pub(crate) engine: Engine,
    pub(crate) deadline: Arc<Deadline>,
}

impl Sandbox {
    /// An engine whose `limits::…` are `limits`.
    pub(crate) fn new(limits: &Limits) -> Sandbox {
        let mut engine = Engine::new_raw();
        let deadline = Arc::new(Deadline::new());
        bound(&mut engine, &deadline);
        symbols(&mut engine, &deadline);
        types(&mut engine);
        operators(&mut engine);
        functions(&mut engine);
        let mut module = Module::new();
        for (name, entry) in limits.iter() {
            module.set_var(name, Dynamic::from(entry.limit.clone()));
        }
        engine.register_static_module("limits", module.into());
        Sandbox { engine, deadline }
    }
}

fn bound(engine: &mut Engine, deadline: &Arc<Deadline>) {
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_strict_variables(true);
    engine.set_fail_on_invalid_map_property(true);
    engine.set_fast_operators(false);
    engine.set_max_operations(OPERATIONS);
    engine.set_max_call_levels(CALL_LEVELS);
    engine.set_max_expr_depths(EXPRESSION_DEPTH, FUNCTION_EXPRESSION_DEPTH);
    engine.set_max_variables(VARIABLES);
    engine.set_max_functions(FUNCTIONS);
    engine.set_max_modules(0);
    engine.set_max_string_size(STRING);
    engine.set_max_array_size(ARRAY);
    engine.set_max_map_size(MAP);
    engine.set_module_resolver(rhai::module_resolvers::DummyModuleResolver::new());
    engine.on_print(|_| {});
    engine.on_debug(|_, _, _| {});
    let deadline = deadline.clone();
    engine.on_progress(move |operations| {
        if deadline.is_deep() {
            return Some(Dynamic::from(TOO_DEEP));
        }
        (operations % 64 == 0 && deadline.is_over()).then_some(Dynamic::UNIT)
    });
}

#[allow(
    deprecated,
    reason = "Rhai marks the token mapper as volatile; the version is pinned"
)]
fn symbols(engine: &mut Engine, deadline: &Arc<Deadline>) {
    let (deadline, read) = (deadline.clone(), AtomicUsize::new(0));
    engine.on_parse_token(move |token, _, _| {
        // Some texts take Rhai's parser time that grows with their square.
        if read.fetch_add(1, Ordering::Relaxed) % 64 == 0 && deadline.is_over() {
            return Token::LexError(LexError::Runtime(TOO_MUCH.to_owned()).into());
        }
        match token {
            // `call` is a level of ours and a reserved word of Rhai's.
            Token::Reserved(word) if *word == "call" => Token::Identifier(word),
            other => other,
        }
    });
    for word in WORDLESS {
        engine.disable_symbol(*word);
    }
    engine.disable_symbol(SWITCH);
    // Rhai's own take plain bools only; these take three values. The precedences are Rhai's.
    for (symbol, precedence) in [("&&", 60), ("||", 30), ("??", 135)] {
        engine.disable_symbol(symbol);
        let registered = engine.register_custom_operator(symbol, precedence);
        debug_assert!(registered.is_ok(), "{symbol}");
    }
}

fn types(engine: &mut Engine) {
    engine.register_type_with_name::<Handle>("object");
    engine.register_type_with_name::<Measured>("reading");
    engine.register_type_with_name::<Limit>("limit");
    engine.register_type_with_name::<Truth>(TRUTH_NAME);
    for name in property_names() {
        let property = Property::resolve(name);
        engine.register_get(name, move |handle: &mut Handle| handle.get(&property));
    }
}

/// Registers one arithmetic operator for each pair in which a reading or limit takes part.
macro_rules! arithmetic {
    ($engine:ident, $op:literal: $($left:ty, $right:ty);+ $(;)?) => {$(
        $engine.register_fn($op, |a: $left, b: $right| {
            arithmetic::arithmetic($op, &Dynamic::from(a), &Dynamic::from(b))
        });
    )+};
}

macro_rules! every_pair {
    ($engine:ident: $($op:literal)+) => {$(
        arithmetic!($engine, $op:
            Measured, Measured; Measured, Limit; Limit, Measured; Limit, Limit;
            Measured, INT; INT, Measured; Measured, FLOAT; FLOAT, Measured;
            Limit, INT; INT, Limit; Limit, FLOAT; FLOAT, Limit;
        );
    )+};
}

/// Registers a binary operator for anything, and by name for the pairs that rules mostly use:
/// Rhai looks those up at once, and tries four ways for anything else.
fn binary(
    engine: &mut Engine,
    name: &str,
    pairs: &[[TypeId; 2]],
    run: impl Fn(&Dynamic, &Dynamic) -> Result<Dynamic, Failure> + Clone + Send + Sync + 'static,
) {
    for pair in pairs {
        let run = run.clone();
        engine.register_raw_fn(name, pair, move |_, operands| run(operands[0], operands[1]));
    }
    engine.register_fn(name, move |a: Dynamic, b: Dynamic| run(&a, &b));
}

fn operators(engine: &mut Engine) {
    let [measured, limit, truth] = [
        TypeId::of::<Measured>(),
        TypeId::of::<Limit>(),
        TypeId::of::<Truth>(),
    ];
    let [whole, fraction, text, plain] = [
        TypeId::of::<INT>(),
        TypeId::of::<FLOAT>(),
        TypeId::of::<ImmutableString>(),
        TypeId::of::<bool>(),
    ];
    let compared = [
        [measured, limit],
        [measured, whole],
        [measured, fraction],
        [measured, text],
        [measured, measured],
        [limit, measured],
    ];
    for symbol in [">", ">=", "<", "<=", "==", "!="] {
        if let Some(op) = Op::of_symbol(symbol) {
            binary(engine, symbol, &compared, move |a, b| {
                compare::compare(op, a, b)
            });
        }
    }
    let joined = [[truth, truth], [truth, plain], [plain, truth]];
    binary(engine, "&&", &joined, truth::and);
    binary(engine, "||", &joined, truth::or);
    engine.register_fn("!", |a: Dynamic| truth::not(&a));
    engine.register_fn("??", |a: Dynamic, b: Dynamic| truth::or_else(a, b));
    every_pair!(engine: "+" "-" "*" "/" "%");
    engine.register_fn("-", |a: Measured| arithmetic::negate(&Dynamic::from(a)));
    engine.register_fn("-", |a: Limit| arithmetic::negate(&Dynamic::from(a)));
    engine.register_fn("-", |a: FLOAT| -a);
    engine.register_fn("-", |a: INT| -> Result<INT, Failure> {
        a.checked_neg()
            .ok_or_else(|| value::failure("the number is too large"))
    });
}

fn functions(engine: &mut Engine) {
    BasicIteratorPackage::new().register_into_engine(engine);
    engine.register_fn("contains", |a: Dynamic, b: Dynamic| {
        compare::contains(&a, &b)
    });
    engine.register_fn("has", |a: Dynamic| compare::has(&a));
    engine.register_fn("note", |a: Dynamic| truth::note(&a));
    engine.register_fn("guard", |a: Dynamic| truth::guard(&a));
    engine.register_fn("certain", |a: Dynamic| truth::certain(&a));
    engine.register_fn("to_string", |a: Measured| {
        truth::in_words(&Dynamic::from(a))
    });
    engine.register_fn("to_string", |a: Limit| truth::in_words(&Dynamic::from(a)));
    engine.register_fn("to_string", |a: INT| a.to_string());
    engine.register_fn("to_string", |a: FLOAT| a.to_string());
    engine.register_fn("to_string", |a: bool| a.to_string());
}
