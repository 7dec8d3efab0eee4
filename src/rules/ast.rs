//! What a rule file says, read from Rhai's syntax tree before anything runs.
//!
//! With the files of its folder the sole reader of Rhai's internals: everything else sees the plain
//! [`Outline`] and [`Expr`](super::expr::Expr)s. The outline lists the names a file uses, with
//! places, and the `rule(…)` calls it can see with their keys.
//!
//! It judges nothing and resolves nothing; a rule that is built in a roundabout way simply has
//! fewer places to show.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{AST, ASTFlags, ASTNode, Expr, FnPtr, Position, Stmt};

use super::engine::CAPTURE;
use super::expr::Spot;

mod binding;
mod chains;
mod follow;
mod functions;

pub(crate) use functions::Functions;

/// A name and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) spot: Spot,
}

/// What a file says.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    /// Properties that are read: `x.name`.
    pub(crate) properties: Vec<Named>,
    /// Limits that are named: `limits::name`.
    pub(crate) limits: Vec<Named>,
    /// Other namespaces that are named.
    pub(crate) namespaces: Vec<Named>,
    /// Functions that are called, each with how many values.
    pub(crate) calls: Vec<Called>,
    /// Functions that the file defines, each with how many parameters.
    pub(crate) functions: BTreeSet<(String, usize)>,
    /// Properties that are set: `x.name = …`.
    pub(crate) assigned: Vec<Named>,
    /// Keys of the file's own maps, which are properties too.
    pub(crate) map_keys: BTreeSet<String>,
    /// Names bound by `const`, and by nothing else.
    pub(crate) constants: BTreeSet<String>,
    /// Variables that closures capture.
    pub(crate) captures: Vec<Capture>,
    /// The `rule("name", #{ … })` and `window("name", #{ … })` calls.
    pub(crate) rules: Vec<RuleOutline>,
}

/// A variable that a closure captures.
#[derive(Debug)]
pub(crate) struct Capture {
    pub(crate) variable: Named,
    pub(crate) made: Made,
}

/// Where a closure is made, and so how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// Once, when the file runs.
    Once,
    /// Once, or each time round a loop of the file, for a key of a `rule(…)` that keeps it.
    ForRule,
    /// Each time round a loop of the file.
    InLoop,
    /// Each time a function runs.
    InFunction,
}

/// One `rule(…)` or `window(…)` call.
#[derive(Debug)]
pub(crate) struct RuleOutline {
    /// Where the call stands.
    pub(crate) call: Spot,
    /// Where its name stands.
    pub(crate) name: Spot,
    /// Each key: where it stands and what is known of its value.
    pub(crate) keys: BTreeMap<String, KeyOutline>,
}

/// One key of a rule.
#[derive(Debug)]
pub(crate) struct KeyOutline {
    pub(crate) spot: Spot,
    pub(crate) value: Spot,
    pub(crate) closure: Option<ClosureOutline>,
}

/// A call of a function.
#[derive(Debug)]
pub(crate) struct Called {
    pub(crate) function: Named,
    /// How many values it is given, with what stands before a dot.
    pub(crate) got: usize,
    /// Whether it is written behind a dot.
    pub(crate) dotted: bool,
}

/// A closure written as a rule's value.
#[derive(Debug, Default)]
pub(crate) struct ClosureOutline {
    /// What it captures.
    pub(crate) captures: Vec<Named>,
}

fn spot(position: Position) -> Spot {
    (
        position.line().unwrap_or(1),
        position.position().unwrap_or(1),
    )
}

/// Reads the tree.
pub(crate) fn outline(ast: &AST) -> Outline {
    let mut outline = Outline::default();
    let defined = ast.iter_fn_def();
    outline
        .functions
        .extend(defined.map(|function| (function.name.to_string(), function.params.len())));
    let mut variables = BTreeSet::new();
    let mut inside = 0;
    ast.clone_functions_only()
        .walk(&mut |path: &[ASTNode<'_>]| {
            inside += captured(path).len();
            true
        });
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        match path.last() {
            Some(ASTNode::Expr(expr)) => outline.expression(expr),
            Some(ASTNode::Stmt(stmt)) => outline.statement(stmt, &mut variables),
            _ => {}
        }
        let is_loop = |node: &ASTNode<'_>| {
            let ASTNode::Stmt(stmt) = node else {
                return false;
            };
            matches!(stmt, Stmt::For(..) | Stmt::While(..) | Stmt::Do(..))
        };
        let made = match path.iter().any(is_loop) {
            true => Made::InLoop,
            false => Made::Once,
        };
        let found = captured(path).into_iter();
        outline
            .captures
            .extend(found.map(|variable| Capture { variable, made }));
        true
    });
    let for_rules = outline.rules.iter().flat_map(|rule| rule.keys.values());
    let for_rules = for_rules.filter_map(|key| key.closure.as_ref());
    let for_rules: BTreeSet<Spot> = for_rules
        .flat_map(|closure| closure.captures.iter().map(|named| named.spot))
        .collect();
    for capture in &mut outline.captures {
        if for_rules.contains(&capture.variable.spot) {
            capture.made = Made::ForRule;
        }
    }
    // A walk ends with the functions.
    let outside = outline.captures.len().saturating_sub(inside);
    for capture in &mut outline.captures[outside..] {
        capture.made = Made::InFunction;
    }
    outline.constants.retain(|name| !variables.contains(name));
    // Functions are walked in no order; what is told of a file is told from its top.
    for names in [
        &mut outline.properties,
        &mut outline.limits,
        &mut outline.namespaces,
    ] {
        names.sort_by_key(|named| named.spot);
    }
    outline.calls.sort_by_key(|call| call.function.spot);
    outline
}

impl Outline {
    fn expression(&mut self, expr: &Expr) {
        match expr {
            Expr::Property(property, position) => {
                let name = property.2.to_string();
                self.properties.push(Named {
                    name,
                    spot: spot(*position),
                });
            }
            Expr::Variable(variable, _, position) if !variable.2.is_empty() => {
                let namespace = variable.2.to_string();
                let name = variable.1.to_string();
                if namespace == "limits" {
                    self.limits.push(Named {
                        name,
                        spot: spot(*position),
                    });
                } else {
                    self.namespaces.push(Named {
                        name: namespace,
                        spot: spot(*position),
                    });
                }
            }
            Expr::Map(map, _) => {
                self.map_keys
                    .extend(map.0.iter().map(|(key, _)| key.name.to_string()));
            }
            Expr::FnCall(call, position) => self.call(call, *position, 0),
            Expr::MethodCall(call, position) => self.call(call, *position, 1),
            _ => {}
        }
    }

    fn statement(&mut self, stmt: &Stmt, variables: &mut BTreeSet<String>) {
        match stmt {
            Stmt::Var(parts, flags, _) => {
                let name = parts.0.name.to_string();
                if flags.intersects(ASTFlags::CONSTANT) {
                    self.constants.insert(name);
                } else {
                    variables.insert(name);
                }
            }
            Stmt::For(parts, _) => {
                variables.insert(parts.0.name.to_string());
                variables.extend(parts.1.iter().map(|ident| ident.name.to_string()));
            }
            Stmt::FnCall(call, position) => self.call(call, *position, 0),
            Stmt::Assignment(parts) => {
                if let Some(name) = last_property(&parts.1.lhs) {
                    self.assigned.push(Named {
                        name,
                        spot: spot(parts.0.position()),
                    });
                }
            }
            _ => {}
        }
    }

    /// Notes a call; `before` is 1 where what stands before the dot is a value too.
    fn call(&mut self, call: &rhai::FnCallExpr, position: Position, before: usize) {
        let name = call.name.as_str();
        if !call.namespace.is_empty() {
            let name = call.namespace.to_string();
            self.namespaces.push(Named {
                name,
                spot: spot(position),
            });
            return;
        }
        if name == CAPTURE {
            return;
        }
        if call.op_token.is_none() && name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            let named = Named {
                name: name.to_owned(),
                spot: spot(position),
            };
            self.calls.push(Called {
                function: named,
                got: call.args.len() + before,
                dotted: before > 0,
            });
        }
        if let ("rule" | "window", [name, Expr::Map(map, _)]) = (name, call.args.as_slice()) {
            let keys = map.0.iter().map(|(key, value)| {
                let outline = KeyOutline {
                    spot: spot(key.pos),
                    value: spot(value.start_position()),
                    closure: closure(value),
                };
                (key.name.to_string(), outline)
            });
            self.rules.push(RuleOutline {
                call: spot(position),
                name: spot(name.start_position()),
                keys: keys.collect(),
            });
        }
    }
}

/// What a closure captures that is made at this node.
fn captured(path: &[ASTNode<'_>]) -> Vec<Named> {
    let Some(ASTNode::Stmt(Stmt::Share(shared))) = path.last() else {
        return Vec::new();
    };
    let named = shared.iter().map(|(variable, _)| Named {
        name: variable.name.to_string(),
        spot: spot(variable.pos),
    });
    named.collect()
}

/// The closure that an expression is, with what it captures.
fn closure(expr: &Expr) -> Option<ClosureOutline> {
    match expr {
        Expr::DynamicConstant(value, _) => value
            .read_lock::<FnPtr>()
            .map(|_| ClosureOutline::default()),
        // A capturing closure is a block: share the variables, then curry the function.
        Expr::Stmt(block) => block.iter().find_map(|stmt| {
            let Stmt::Expr(expr) = stmt else { return None };
            let Expr::FnCall(call, _) = &**expr else {
                return None;
            };
            let (first, captured) = call.args.split_first()?;
            let mut outline = closure(first)?;
            outline.captures = captured
                .iter()
                .filter_map(|expr| match expr {
                    Expr::Variable(variable, _, position) => Some(Named {
                        name: variable.1.to_string(),
                        spot: spot(*position),
                    }),
                    _ => None,
                })
                .collect();
            Some(outline)
        }),
        _ => None,
    }
}

/// The property that an assignment would set.
fn last_property(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Property(property, _) => Some(property.2.to_string()),
        Expr::Dot(parts, ..) => last_property(&parts.rhs),
        _ => None,
    }
}
