//! OData's primitive types as keywords of JSON Schema.
//!
//! The patterns need no look-around and no back-reference, so an engine that is linear in its
//! input can run them. The same type has the same pattern everywhere.
//!
//! No bounds: an `Edm.Int64` beyond 64 bits is for the reader of the number to refuse.

use super::json::{Json, Object};

/// `[-]P[nD][T[nH][nM][n[.n]S]]` with at least one part, and one after `T`.
pub const DURATION: &str = concat!(
    "^-?P([0-9]+D(T([0-9]+H([0-9]+M)?([0-9]+([.][0-9]+)?S)?|[0-9]+M([0-9]+([.][0-9]+)?S)?",
    "|[0-9]+([.][0-9]+)?S))?|T([0-9]+H([0-9]+M)?([0-9]+([.][0-9]+)?S)?",
    "|[0-9]+M([0-9]+([.][0-9]+)?S)?|[0-9]+([.][0-9]+)?S))$"
);
/// Date, `T`, time, and `Z` or an offset; up to 12 fraction digits; seconds may be left out, as
/// OData allows.
pub const DATE_TIME_OFFSET: &str = concat!(
    "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]",
    "(:[0-5][0-9]([.][0-9]{1,12})?)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
);
/// The numbers that OData writes as strings.
pub const NOT_FINITE: &str = "^(NaN|-?INF)$";

/// Appends the keywords of one primitive type; `false` if it is unknown here.
pub fn put(schema: &mut Object, of: &str, null: bool) -> bool {
    let (name, pattern) = match of {
        "Edm.String" | "Edm.Guid" => ("string", None),
        "Edm.Boolean" => ("boolean", None),
        "Edm.Int32" | "Edm.Int64" => ("integer", None),
        "Edm.Single" | "Edm.Double" | "Edm.Decimal" => ("number", Some(NOT_FINITE)),
        "Edm.Duration" => ("string", Some(DURATION)),
        "Edm.DateTimeOffset" => ("string", Some(DATE_TIME_OFFSET)),
        _ => return false,
    };
    let types = match (name, null) {
        ("number", true) => Json::texts([name, "null", "string"]),
        ("number", false) => Json::texts([name, "string"]),
        _ => either(name, null),
    };
    schema.put("type", types);
    if let Some(pattern) = pattern {
        schema.put("pattern", Json::text(pattern));
    }
    true
}

/// One type, or that type and null.
pub fn either(of: &str, null: bool) -> Json {
    if null {
        Json::texts([of, "null"])
    } else {
        Json::text(of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(of: &str, null: bool) -> String {
        let mut schema = Object::new();
        assert!(put(&mut schema, of, null), "{of}");
        schema.done().pretty()
    }

    #[test]
    fn null_joins_the_type_and_numbers_may_be_words() {
        assert_eq!(written("Edm.Int64", false), "{\"type\": \"integer\"}\n");
        assert_eq!(
            written("Edm.Boolean", true),
            "{\"type\": [\"boolean\", \"null\"]}\n"
        );
        assert_eq!(
            written("Edm.Decimal", false),
            "{\"type\": [\"number\", \"string\"], \"pattern\": \"^(NaN|-?INF)$\"}\n"
        );
        assert!(!put(&mut Object::new(), "Edm.Stream", true));
    }

    #[test]
    fn patterns_are_anchored_and_linear() {
        for pattern in [DURATION, DATE_TIME_OFFSET, NOT_FINITE] {
            assert!(
                pattern.starts_with('^') && pattern.ends_with('$'),
                "{pattern}"
            );
            assert!(
                !pattern.contains("(?") && !pattern.contains('\\'),
                "{pattern}"
            );
        }
    }
}
