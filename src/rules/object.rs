//! An object of the document in a rule's hands, and the readings it gives.
//!
//! A [`Handle`] is a document and an index: a property that is a link gives another handle, one
//! that is a field gives a [`Measured`], which knows where it stands. Behind a link that leads
//! nowhere everything is missing.
//!
//! It copies single readings and never an object.

use std::sync::Arc;

use rhai::Dynamic;

use super::facts::{Facts, NO_NODE, ObjectId};
use super::fields::{FieldId, Level, Link, Unit};
use super::value::{Failure, Operand, Source, Value, Witness, failure};

/// One object of the document in a rule's hands. With no object, all it has is missing.
#[derive(Clone)]
pub(crate) struct Handle {
    pub(crate) facts: Arc<Facts>,
    pub(crate) level: Level,
    pub(crate) object: Option<ObjectId>,
}

/// A property name, resolved once for every level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Property {
    name: &'static str,
    on: [Found; Level::COUNT],
}

#[derive(Clone, Copy, Debug)]
enum Found {
    Nothing,
    Field(FieldId),
    Link(Link, Level),
}

impl Property {
    /// What `name` is on each level.
    pub(crate) fn resolve(name: &'static str) -> Property {
        let on = Level::ALL.map(|level| {
            if let Some(field) = level.field(name) {
                return Found::Field(field);
            }
            match Link::parse(name).and_then(|link| Some((link, link.on(level)?))) {
                Some((link, (_, to))) => Found::Link(link, to),
                None => Found::Nothing,
            }
        });
        Property { name, on }
    }
}

impl Handle {
    /// The property: a link gives a handle, a field a [`Measured`].
    pub(crate) fn get(&self, property: &Property) -> Result<Dynamic, Failure> {
        match property.on[self.level as usize] {
            Found::Field(field) => Ok(Dynamic::from(self.read(field))),
            Found::Link(link, level) => {
                let object = self
                    .object
                    .and_then(|object| self.facts.follow(object, link));
                Ok(Dynamic::from(Handle {
                    facts: self.facts.clone(),
                    level,
                    object,
                }))
            }
            Found::Nothing => Err(failure(format!(
                "`{}` is no property of a {}",
                property.name,
                self.level.name()
            ))),
        }
    }

    fn read(&self, field: FieldId) -> Measured {
        let (value, node) = match self.object {
            Some(object) => {
                let (reading, node) = self.facts.reading(object, field);
                (Value::capture(reading), node)
            }
            None => (Value::Missing, NO_NODE),
        };
        let source = Source {
            field,
            object: self.object,
            node,
        };
        Measured {
            value,
            unit: field.get().unit,
            from: From::One(source),
        }
    }
}

#[derive(Clone, Debug)]
enum From {
    One(Source),
    Several(Arc<Vec<Witness>>),
}

/// A reading, or what arithmetic made of readings.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) value: Value,
    pub(crate) unit: Unit,
    from: From,
}

impl Measured {
    /// The readings it comes from, each once.
    pub(crate) fn witnesses(&self) -> Vec<Witness> {
        match &self.from {
            From::One(source) => vec![Witness {
                source: *source,
                value: self.value.clone(),
            }],
            From::Several(witnesses) => witnesses.to_vec(),
        }
    }

    /// A value computed from this reading's and other operands' witnesses.
    pub(crate) fn computed(value: Value, unit: Unit, operands: [&Operand; 2]) -> Measured {
        let mut witnesses: Vec<Witness> = Vec::new();
        for witness in operands.into_iter().flat_map(|operand| &operand.witnesses) {
            if witnesses.len() < MOST_WITNESSES
                && witnesses.iter().all(|known| known.source != witness.source)
            {
                witnesses.push(witness.clone());
            }
        }
        Measured {
            value,
            unit,
            from: From::Several(Arc::new(witnesses)),
        }
    }
}

/// More readings than this behind one value are not listed.
const MOST_WITNESSES: usize = 16;
