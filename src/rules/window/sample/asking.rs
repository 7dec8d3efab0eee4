//! One place, asked of one window rule in the interpreter: slow, plain, and within the bounds of any
//! rule. An error or a panic leaves as a fault of that rule.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rhai::{Array, Dynamic, FnPtr};

use super::keys::push_part;
use crate::rules::engine::{Sandbox, TOO_LONG};
use crate::rules::facts::Facts;
use crate::rules::fault::fault_at;
use crate::rules::lower::{Place, Truth};
use crate::rules::object::Handle;
use crate::rules::outcome::{FaultKind, RuleFault};
use crate::rules::truth::{Truth as Said, Verdict};
use crate::rules::value::{Failure, Operand as Value, text_of};
use crate::rules::window::{Closure, Of, WindowRule};
use crate::window;

/// What a place is to a rule.
pub(super) enum Found {
    Sample(i64, String),
    None,
    Unknown,
}

/// One place, asked of one rule in the interpreter.
pub(super) struct Asking<'a> {
    pub(super) sandbox: &'a Sandbox,
    pub(super) rule: &'a WindowRule,
    pub(super) place: Place<'a>,
    pub(super) facts: &'a Arc<Facts>,
    pub(super) source: &'a str,
}

impl Asking<'_> {
    /// Asks so that neither an error nor a panic leaves.
    pub(super) fn sample(&self) -> Result<Found, RuleFault> {
        let broken = |kind, message: &str| RuleFault {
            kind,
            message: message.to_owned(),
            place: Some(self.rule.place.clone()),
        };
        if self.sandbox.deadline.is_over() {
            return Err(broken(FaultKind::Runaway, TOO_LONG));
        }
        match catch_unwind(AssertUnwindSafe(|| self.found())) {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(fault_at(&self.rule.place, self.source, &error)),
            Err(_) => Err(broken(
                FaultKind::Panic,
                "the rule brought the interpreter down",
            )),
        }
    }

    fn found(&self) -> Result<Found, Failure> {
        if let Some(when) = &self.rule.when {
            match self.verdict(when)? {
                Verdict::True => {}
                Verdict::False => return Ok(Found::None),
                Verdict::Unknown => return Ok(Found::Unknown),
            }
        }
        let value = match &self.rule.of {
            Of::Place => Some(1),
            Of::True(closure) => match self.verdict(closure)? {
                Verdict::True => Some(1),
                Verdict::False => return Ok(Found::None),
                Verdict::Unknown => None,
            },
            Of::Share(closure) => match self.verdict(closure)? {
                Verdict::True => Some(1),
                Verdict::False => Some(0),
                Verdict::Unknown => None,
            },
            Of::Number(closure) => {
                let said = self.call(&closure.pointer)?;
                Value::of(&said)?.value.as_number().map(window::value_of)
            }
            Of::Value(closure) => {
                let said = self.call(&closure.pointer)?;
                key_text(&said)?.map(|text| window::value_of_text(&text))
            }
        };
        let Some(value) = value else {
            return Ok(Found::Unknown);
        };
        let key = match &self.rule.by {
            None => Some(String::new()),
            Some(by) => key_text(&self.call(&by.pointer)?)?,
        };
        Ok(key.map_or(Found::Unknown, |key| Found::Sample(value, key)))
    }

    fn verdict(&self, closure: &Closure<Truth>) -> Result<Verdict, Failure> {
        Ok(match &closure.native {
            Ok(truth) => match self.place.truth(truth).verdict {
                Some(true) => Verdict::True,
                Some(false) => Verdict::False,
                None => Verdict::Unknown,
            },
            Err(_) => Said::of(&self.call(&closure.pointer)?)?.verdict,
        })
    }

    fn call(&self, pointer: &FnPtr) -> Result<Dynamic, Failure> {
        let handle = Handle {
            facts: self.facts.clone(),
            level: self.facts.level(self.place.object),
            object: Some(self.place.object),
        };
        pointer.call::<Dynamic>(&self.sandbox.engine, &self.rule.ast, (handle,))
    }
}

/// A key that the interpreter gave, part by part; nothing where one is missing.
fn key_text(said: &Dynamic) -> Result<Option<String>, Failure> {
    let parts: Vec<Dynamic> = match said.read_lock::<Array>() {
        Some(parts) => parts.to_vec(),
        None => vec![said.clone()],
    };
    let (mut key, mut readings) = (String::new(), Vec::new());
    for part in &parts {
        if part.is_unit() {
            return Ok(None);
        }
        readings.extend(Value::of(part)?.witnesses);
        let Some(text) = text_of(part) else {
            return Ok(None);
        };
        push_part(&mut key, &text);
    }
    Ok((!crate::rules::strangers::merges(readings.iter())).then_some(key))
}
