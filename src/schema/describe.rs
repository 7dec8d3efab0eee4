//! What the validator found, in words: place, found, wanted, and how to mend it.
//!
//! All problems of a document are placed in one pass over its text, so a document that breaks
//! the schema a thousand times costs little more than one that does so once. Values are quoted
//! from the text as they stand there. Nothing is judged here, and nothing rendered.

use std::collections::BTreeSet;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::on_tape::Sighting;
use super::problem::{KeyPlace, Problem, closest, cut};
use super::texts::Texts;
use super::twice::twice;
use super::wanted::{about, name_of, only, unrolled, wanted};
use crate::record::tape::JsonType;
use crate::record::{Document, Item, NodeIndex, Origin, Spot, kind, place};

/// A problem before its places are known.
struct Draft {
    problem: Problem,
    /// what is marked: the value, or a name
    mark: NodeIndex,
    branches: Vec<Vec<Draft>>,
}

/// Describes what the validator found of one document, in document order: at most `limit`
/// problems, and whether there were more.
pub(super) fn describe(
    mut errors: Vec<(NodeIndex, ValidationError<'_>)>,
    document: &Document<'_>,
    origin: Origin,
    texts: &Texts<'_>,
    limit: usize,
) -> (Vec<Problem>, bool) {
    errors.sort_by_key(|(node, _)| *node);
    let describer = Describer { document, texts };
    let mut drafts = Vec::new();
    let mut more = false;
    for (node, error) in &errors {
        if drafts.len() >= limit {
            more = true;
            break;
        }
        describer.draft(
            *node,
            error,
            limit - drafts.len(),
            0,
            &mut drafts,
            &mut more,
        );
    }
    drafts.sort_by_key(|draft| draft.mark);
    let mut nodes = BTreeSet::new();
    for draft in &drafts {
        draft.collect(&mut nodes);
    }
    let nodes: Vec<NodeIndex> = nodes.into_iter().collect();
    let places = Places {
        document,
        origin,
        spots: place::spots(document, origin, &nodes),
        nodes,
    };
    (
        drafts
            .into_iter()
            .map(|draft| places.settle(draft))
            .collect(),
        more,
    )
}

impl Draft {
    /// The nodes whose places are needed; a name stands right before its value.
    fn collect(&self, nodes: &mut BTreeSet<NodeIndex>) {
        let node = self.problem.node;
        nodes.extend([node.saturating_sub(1), node, self.mark]);
        for draft in self.branches.iter().flatten() {
            draft.collect(nodes);
        }
    }
}

/// The places of the nodes that one document's problems speak of.
struct Places<'d, 't> {
    document: &'d Document<'t>,
    origin: Origin,
    nodes: Vec<NodeIndex>,
    spots: Vec<Spot>,
}

impl Places<'_, '_> {
    fn spot(&self, node: NodeIndex) -> Spot {
        let known = self.nodes.binary_search(&node).ok();
        known
            .and_then(|at| self.spots.get(at).copied())
            .unwrap_or_else(|| place::spot(self.document.text(), self.origin, 0))
    }

    fn settle(&self, draft: Draft) -> Problem {
        let Draft {
            mut problem,
            mark,
            branches,
        } = draft;
        let text = self.document.text();
        let value = self.spot(problem.node);
        if problem.found.is_empty() {
            problem.found = quote(self.document, problem.node, value.offset);
        }
        let before = text
            .get(..value.offset)
            .unwrap_or_default()
            .trim_ascii_end();
        if problem.node > 0 && before.ends_with(b":") {
            let name = self.spot(problem.node - 1);
            problem.key = Some(KeyPlace {
                line: name.line,
                column: name.column,
                offset: self.origin.offset + name.offset as u64,
            });
        }
        let spot = self.spot(mark);
        let marked = marked(self.document, mark, spot.offset);
        problem.line = spot.line;
        problem.column = spot.column;
        problem.offset = spot.offset;
        problem.source_offset = self.origin.offset + spot.offset as u64;
        problem.length = marked.len();
        problem.end_column = spot.column + crate::text::characters(marked);
        problem.branches = branches
            .into_iter()
            .map(|branch| branch.into_iter().map(|draft| self.settle(draft)).collect())
            .collect();
        if problem.hint.is_none()
            && let Some((_, [only])) = problem.nearest_branch()
            && only.pointer == problem.pointer
        {
            problem.hint = only.hint.clone();
        }
        problem
    }
}

/// The bytes to mark: a scalar or a name as a whole, of a container the bracket.
fn marked<'d>(document: &'d Document<'_>, node: NodeIndex, offset: usize) -> &'d [u8] {
    const LONGEST: usize = 4096;
    let text = document.text();
    let text = text
        .get(..text.len().min(offset + LONGEST))
        .unwrap_or_default();
    let container = document
        .item(node)
        .is_some_and(|item| matches!(item.json_type(), JsonType::Array | JsonType::Object));
    let end = if container {
        offset + 1
    } else {
        place::value_end(text, offset)
    };
    text.get(offset..end).unwrap_or_default()
}

/// The value as it stands, shortened; a container is named by its type and size.
fn quote(document: &Document<'_>, node: NodeIndex, offset: usize) -> String {
    let Some(item) = document.item(node) else {
        return String::new();
    };
    match item.json_type() {
        JsonType::Object => sized("an object of", item.len(), "member"),
        JsonType::Array => sized("an array of", item.len(), "element"),
        _ => cut(marked(document, node, offset)),
    }
}

fn sized(what: &str, count: usize, part: &str) -> String {
    format!("{what} {count} {part}{}", if count == 1 { "" } else { "s" })
}

struct Describer<'d, 't, 's> {
    document: &'d Document<'t>,
    texts: &'d Texts<'s>,
}

impl<'s> Describer<'_, '_, 's> {
    /// Appends the drafts of one error: one, or one for each name that should not be there.
    fn draft(
        &self,
        node: NodeIndex,
        error: &ValidationError<'_>,
        room: usize,
        depth: usize,
        out: &mut Vec<Draft>,
        more: &mut bool,
    ) {
        let parent = self.texts.parent(error);
        let item = self.document.item(node);
        let base = Draft {
            mark: node,
            branches: Vec::new(),
            problem: Problem {
                pointer: error.instance_path().as_str().to_owned(),
                line: 0,
                column: 0,
                end_column: 0,
                source_offset: 0,
                key: None,
                keyword: error.kind().keyword().to_owned(),
                found: String::new(),
                wanted: String::new(),
                schema_pointer: error.schema_path().as_str().to_owned(),
                hint: item
                    .and_then(kind::cut_by_convert_to_json)
                    .or_else(|| unrolled(error, item))
                    .map(str::to_owned),
                description: parent.and_then(about),
                branches: Vec::new(),
                keyword_location: error.evaluation_path().as_str().to_owned(),
                absolute_keyword_location: error
                    .absolute_keyword_location()
                    .map(ToString::to_string),
                node,
                offset: 0,
                length: 0,
            },
        };
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                self.unexpected(base, item, parent, unexpected, room, out, more);
            }
            ValidationErrorKind::PropertyNames { error } => {
                out.push(self.odd_name(base, item, error));
            }
            _ => out.push(self.one(base, item, parent, error, depth)),
        }
    }

    fn one(
        &self,
        mut draft: Draft,
        item: Option<Item<'_>>,
        parent: Option<&'s Value>,
        error: &ValidationError<'_>,
        depth: usize,
    ) -> Draft {
        draft.problem.wanted = wanted(error, parent);
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                let mut known = Vec::new();
                if let Some(parent) = parent {
                    self.texts.properties(parent, 0, &mut known);
                }
                let listed = known.iter().find(|(listed, _)| *listed == name);
                if let Some(text) = listed.and_then(|(_, schema)| about(schema)) {
                    draft.problem.description = Some(format!("{name}: {text}"));
                }
                // A name that the schema knows is there in its own right.
                /// Members that are looked at for a misspelt name.
                const LOOKED_AT: usize = 1000;
                let members = item.into_iter().flat_map(Item::members).take(LOOKED_AT);
                let odd = members.map(|member| member.name);
                let odd = odd.filter(|name| known.iter().all(|(listed, _)| listed != name));
                if let Some(near) = closest(name, odd) {
                    draft.problem.hint =
                        Some(format!("did you mean {name:?} where {near:?} stands?"));
                }
            }
            ValidationErrorKind::Enum { options } => {
                let words = options
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str);
                let given = item.and_then(Item::as_str);
                if let Some(near) = given.and_then(|given| closest(given, words)) {
                    draft.problem.hint = Some(format!("did you mean {near:?}?"));
                }
            }
            ValidationErrorKind::UniqueItems => {
                if let Some((first, again, node)) = item.and_then(|item| twice(item, self.document))
                {
                    draft.problem.hint = Some(format!("elements {first} and {again} are equal"));
                    draft.mark = node;
                }
            }
            ValidationErrorKind::AnyOf { context }
            | ValidationErrorKind::OneOfNotValid { context }
            | ValidationErrorKind::OneOfMultipleValid { context }
                if depth < 3 =>
            {
                draft.branches = self.branches(draft.problem.node, context, depth);
            }
            _ => {}
        }
        draft
    }

    fn branches(
        &self,
        node: NodeIndex,
        context: &[Vec<ValidationError<'static>>],
        depth: usize,
    ) -> Vec<Vec<Draft>> {
        /// Problems kept of one schema of a combination.
        const KEPT: usize = 8;
        let branch = |errors: &Vec<ValidationError<'static>>| {
            let mut drafts = Vec::new();
            for error in errors.iter().take(KEPT) {
                let node = node_of(error, self.document).unwrap_or(node);
                self.draft(node, error, KEPT, depth + 1, &mut drafts, &mut false);
            }
            drafts
        };
        context.iter().map(branch).collect()
    }

    /// A problem for each name that should not be there, at the name.
    #[allow(
        clippy::too_many_arguments,
        reason = "all of one error's parts, used once"
    )]
    fn unexpected(
        &self,
        base: Draft,
        item: Option<Item<'_>>,
        parent: Option<&'s Value>,
        unexpected: &[String],
        room: usize,
        out: &mut Vec<Draft>,
        more: &mut bool,
    ) {
        let Some(item) = item else {
            return;
        };
        let mut known = Vec::new();
        if let Some(parent) = parent {
            self.texts.properties(parent, 0, &mut known);
        }
        let unexpected: rustc_hash::FxHashSet<&str> =
            unexpected.iter().map(String::as_str).collect();
        let free: Vec<&str> = known
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| known.len() > 200 || item.get(name).is_none())
            .collect();
        let Draft { problem, .. } = base;
        let odd = item
            .members()
            .filter(|member| unexpected.contains(member.name));
        for (told, member) in odd.enumerate() {
            if told == room {
                *more = true;
                return;
            }
            let mark = member.key.index(self.document.len());
            let near = closest(member.name, free.iter().copied());
            let hint = near
                .map(|near| format!("did you mean {near:?}?"))
                .or_else(|| {
                    let near = closest(member.name, known.iter().map(|(name, _)| *name))?;
                    Some(format!("{near:?} is there already; take this one away"))
                });
            out.push(Draft {
                mark,
                branches: Vec::new(),
                problem: Problem {
                    found: format!("the property {}", name_of(member.name)),
                    wanted: only(&known),
                    hint,
                    description: None,
                    ..problem.clone()
                },
            });
        }
    }

    /// A name that breaks `propertyNames`, at the name.
    fn odd_name(
        &self,
        mut draft: Draft,
        item: Option<Item<'_>>,
        error: &ValidationError<'static>,
    ) -> Draft {
        let parent = self.texts.parent(error);
        let text = Sighting::of(error).text;
        let member = item
            .into_iter()
            .flat_map(Item::members)
            .find(|member| cut(member.name.as_bytes()) == text);
        if let Some(member) = member {
            draft.mark = member.key.index(self.document.len());
        }
        draft.problem.found = format!("the property name {}", name_of(&text));
        draft.problem.wanted = format!("each name to be {}", wanted(error, parent));
        draft
    }
}

/// The node that an error speaks of.
pub(super) fn node_of(error: &ValidationError<'_>, document: &Document<'_>) -> Option<NodeIndex> {
    match error.kind() {
        // The validator then looks at a name, which it holds by itself.
        ValidationErrorKind::PropertyNames { .. } => {
            place::resolve(document, error.instance_path().as_str())
        }
        _ => {
            let behind = Sighting::of(error).behind as usize;
            let node = document.len().checked_sub(behind)?;
            NodeIndex::try_from(node).ok()
        }
    }
}
