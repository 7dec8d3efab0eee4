//! The two schemas that are built in: Microsoft Graph v1.0 and beta.
//!
//! Both are written by `cargo xtask schema`. Of a call record they say the same; beta has more
//! reports about calls. No other version is ever looked for.

use std::fmt;
use std::str::FromStr;

/// An API of Microsoft Graph, and the callRecord schema that describes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Api {
    /// What Microsoft supports.
    #[default]
    V1,
    /// What Microsoft may change without notice.
    Beta,
}

impl Api {
    /// Both of them.
    pub const ALL: [Api; 2] = [Api::V1, Api::Beta];

    /// Its name on the command line, and in Graph's addresses.
    pub fn name(self) -> &'static str {
        match self {
            Api::V1 => "v1.0",
            Api::Beta => "beta",
        }
    }

    /// The text of its schema, draft 2020-12, as `schemas` holds it.
    pub const fn schema(self) -> &'static str {
        match self {
            Api::V1 => include_str!("../../schemas/callRecord.schema.json"),
            Api::Beta => include_str!("../../schemas/callRecord.beta.schema.json"),
        }
    }
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no [`Api`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown API `{given}`; use v1.0 or beta")]
pub struct UnknownApi {
    /// What was given.
    pub given: String,
}

impl FromStr for Api {
    type Err = UnknownApi;

    fn from_str(given: &str) -> Result<Api, UnknownApi> {
        let named = |api: &Api| api.name() == given || (given == "v1" && *api == Api::V1);
        Api::ALL.into_iter().find(named).ok_or_else(|| UnknownApi {
            given: given.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::schema::Schema;

    #[test]
    fn names_are_read_back() {
        for api in Api::ALL {
            assert_eq!(api.name().parse(), Ok(api));
        }
        assert!("v2".parse::<Api>().is_err());
    }

    #[test]
    fn both_stand_every_check_of_a_schema_that_somebody_wrote() {
        for api in Api::ALL {
            let checked = Schema::compile(api.schema()).expect("a schema without fault");
            assert!(checked.odd().is_none());
        }
    }

    #[test]
    fn both_compile_and_say_the_same_of_a_call_record() {
        let defs: Vec<Value> = Api::ALL
            .into_iter()
            .map(|api| {
                Schema::of(api).expect("an embedded schema compiles");
                let schema: Value = serde_json::from_str(api.schema()).expect("JSON");
                schema["$defs"].clone()
            })
            .collect();
        let mut seen = BTreeSet::new();
        let mut open = vec!["callRecord".to_owned()];
        while let Some(name) = open.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let (mut stable, mut beta) = (defs[0][&name].clone(), defs[1][&name].clone());
            for def in [&mut stable, &mut beta] {
                // Beta derives one more identity, and was completed from v1.0.
                let members = def.as_object_mut().expect("a definition");
                members.remove("x-borrowed");
                members.remove("x-derived");
                if let Some(properties) = members.get_mut("properties") {
                    let properties = properties.as_object_mut().expect("properties");
                    properties.retain(|_, property| property.get("x-from").is_none());
                }
            }
            assert_eq!(stable, beta, "{name}");
            let text = stable.to_string();
            let references = text.split("#/$defs/").skip(1);
            open.extend(references.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
        assert!(seen.len() > 15, "{seen:?}");
    }
}
