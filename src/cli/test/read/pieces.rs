//! Pieces of a record: TOML to JSON, each name checked against the schema.
//!
//! Numbers may be in the notation of limits. Whether a value fits its field is the schema's to say.

use std::ops::Range;

use serde_json::Value as Json;
use toml::de::DeValue;

use super::{Reader, Said};
use crate::cli::test::record::{self, PIECES, Pieces};
use crate::cli::test::{boundary, names};
use crate::rules::fields::{FieldId, Kind, Unit};
use crate::rules::quantity;

impl Reader<'_> {
    pub(super) fn piece(
        &mut self,
        piece: &str,
        value: &toml::Spanned<DeValue<'_>>,
        said: &mut Said,
    ) {
        let Some(of) = names::of_piece(piece) else {
            return;
        };
        if !matches!(value.get_ref(), DeValue::Table(_) | DeValue::Array(_)) {
            let help = format!("write `{piece}.name = …`, or `{piece} = {{ name = … }}`");
            self.problem(value.span(), format!("{piece} is an object"), Some(help));
            return;
        }
        let json = self.json(value, Some(of), piece, None, said);
        let mut pieces = Pieces::new();
        pieces.insert(piece.to_owned(), json);
        record::lay_all(&mut said.pieces, &pieces);
    }

    /// A value of a piece as JSON, its names checked.
    pub(super) fn json(
        &mut self,
        value: &toml::Spanned<DeValue<'_>>,
        of: Option<&'static Json>,
        piece: &str,
        name: Option<&str>,
        said: &mut Said,
    ) -> Json {
        match value.get_ref() {
            DeValue::Table(table) => {
                let mut map = serde_json::Map::new();
                for (key, value) in table {
                    let name = key.get_ref().as_ref();
                    if let Some(of) = of
                        && !names::has(of, name)
                    {
                        let help = names::advice(of, piece, name);
                        let message = format!("{piece} has no `{name}`");
                        self.problem(key.span(), message, help);
                        continue;
                    }
                    said.spans
                        .insert(name.to_owned(), key.span().start..value.span().end);
                    let inner = of.and_then(|of| names::of_member(of, name));
                    let json = self.json(value, inner, piece, Some(name), said);
                    map.insert(name.to_owned(), json);
                }
                Json::Object(map)
            }
            DeValue::Array(items) => items
                .iter()
                .map(|item| self.json(item, of, piece, name, said))
                .collect(),
            DeValue::String(text) => of_text(text, name),
            DeValue::Integer(number) => number
                .as_str()
                .replace('_', "")
                .parse::<i64>()
                .map_or(Json::Null, Json::from),
            DeValue::Float(number) => number
                .as_str()
                .replace('_', "")
                .parse::<f64>()
                .map_or(Json::Null, Json::from),
            DeValue::Boolean(value) => (*value).into(),
            DeValue::Datetime(time) => time.to_string().into(),
        }
    }

    /// A way to a member, `stream.averageJitter`.
    pub(super) fn path(&mut self, path: Option<&str>, span: Range<usize>, take: impl FnOnce(&str)) {
        let Some(path) = path else {
            self.problem(
                span,
                "a text is wanted, such as \"stream.averageJitter\"",
                None,
            );
            return;
        };
        let mut parts = path.split('.');
        let piece = parts.next().unwrap_or_default();
        let Some(mut of) = names::of_piece(piece).filter(|_| PIECES.contains(&piece)) else {
            let owner = PIECES
                .iter()
                .find(|piece| names::of_piece(piece).is_some_and(|of| names::has(of, path)));
            let help = match owner {
                Some(owner) => format!("write `{owner}.{path}`"),
                None => format!("it begins with one of {}", PIECES.join(", ")),
            };
            self.problem(span, format!("unknown member `{path}`"), Some(help));
            return;
        };
        for name in parts {
            if matches!(piece, "call" | "session" | "segment") && name == "duration" {
                continue;
            }
            if !names::has(of, name) {
                let help = names::advice(of, piece, name);
                self.problem(span, format!("{piece} has no `{name}`"), help);
                return;
            }
            match names::of_member(of, name) {
                Some(inner) => of = inner,
                None => break,
            }
        }
        take(path);
    }
}

/// A text; where the field is a number, in the notation of limits too.
fn of_text(text: &str, name: Option<&str>) -> Json {
    let field = name.and_then(|name| FieldId::all().find(|field| field.name() == name));
    let Some(field) = field.filter(|it| matches!(it.get().kind, Kind::Number | Kind::Integer))
    else {
        return text.into();
    };
    let Ok(limit) = quantity(text) else {
        return text.into();
    };
    if limit.unit == Unit::None {
        return text.into();
    }
    boundary::written(field, &limit).unwrap_or_else(|| text.into())
}
