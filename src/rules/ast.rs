//! What a rule file says, read from Rhai's syntax tree before anything runs.
//!
//! With the files of its folder the sole reader of Rhai's internals: everything else sees the plain
//! [`Outline`] and [`Expr`](super::expr::Expr)s. The outline lists the names a file uses, with
//! places, and the `rule(…)` calls it can see with their keys.
//!
//! It judges nothing and resolves nothing; a rule that is built in a roundabout way simply has
//! fewer places to show.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{AST, ASTFlags, ASTNode, Dynamic, Expr, FnPtr, Position, Stmt};

use super::expr::Spot;

mod binding;
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
    /// Functions that are called.
    pub(crate) calls: Vec<Named>,
    /// Functions that the file defines.
    pub(crate) functions: BTreeSet<String>,
    /// Keys of the file's own maps, which are properties too.
    pub(crate) map_keys: BTreeSet<String>,
    /// Names bound by `const`, and by nothing else.
    pub(crate) constants: BTreeSet<String>,
    /// The `rule("name", #{ … })` calls.
    pub(crate) rules: Vec<RuleOutline>,
}

/// One `rule(…)` call.
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
    /// The text, if it is written there.
    pub(crate) text: Option<String>,
    pub(crate) closure: Option<ClosureOutline>,
}

/// A closure written as a rule's value.
#[derive(Debug, Default)]
pub(crate) struct ClosureOutline {
    /// What it captures.
    pub(crate) captures: Vec<Named>,
    /// `s.media.label` and the like on its own parameter: the properties in order.
    pub(crate) chains: Vec<Vec<Named>>,
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
    outline
        .functions
        .extend(ast.iter_fn_def().map(|function| function.name.to_string()));
    let mut variables = BTreeSet::new();
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        match path.last() {
            Some(ASTNode::Expr(expr)) => outline.expression(expr, ast),
            Some(ASTNode::Stmt(stmt)) => outline.statement(stmt, ast, &mut variables),
            _ => {}
        }
        true
    });
    outline.constants.retain(|name| !variables.contains(name));
    outline
}

impl Outline {
    fn expression(&mut self, expr: &Expr, ast: &AST) {
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
            Expr::FnCall(call, position) | Expr::MethodCall(call, position) => {
                self.call(call, *position, ast);
            }
            _ => {}
        }
    }

    fn statement(&mut self, stmt: &Stmt, ast: &AST, variables: &mut BTreeSet<String>) {
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
            Stmt::FnCall(call, position) => self.call(call, *position, ast),
            _ => {}
        }
    }

    fn call(&mut self, call: &rhai::FnCallExpr, position: Position, ast: &AST) {
        let name = call.name.as_str();
        if !call.namespace.is_empty() {
            let name = call.namespace.to_string();
            self.namespaces.push(Named {
                name,
                spot: spot(position),
            });
            return;
        }
        if call.op_token.is_none() && name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            self.calls.push(Named {
                name: name.to_owned(),
                spot: spot(position),
            });
        }
        if let ("rule", [name, Expr::Map(map, _)]) = (name, call.args.as_slice()) {
            let keys = map.0.iter().map(|(key, value)| {
                let outline = KeyOutline {
                    spot: spot(key.pos),
                    value: spot(value.start_position()),
                    text: match value {
                        Expr::StringConstant(text, _) => Some(text.to_string()),
                        _ => None,
                    },
                    closure: closure(value, ast),
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

/// The closure that an expression is, with what it captures.
fn closure(expr: &Expr, ast: &AST) -> Option<ClosureOutline> {
    match expr {
        Expr::DynamicConstant(value, _) => {
            let chains = chains(&function_pointer(value)?, ast);
            Some(ClosureOutline {
                captures: Vec::new(),
                chains,
            })
        }
        // A capturing closure is a block: share the variables, then curry the function.
        Expr::Stmt(block) => block.iter().find_map(|stmt| {
            let Stmt::Expr(expr) = stmt else { return None };
            let Expr::FnCall(call, _) = &**expr else {
                return None;
            };
            let (first, captured) = call.args.split_first()?;
            let mut outline = closure(first, ast)?;
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

fn function_pointer(value: &Dynamic) -> Option<FnPtr> {
    value.clone().try_cast::<FnPtr>()
}

/// The property chains on the closure's own parameter, which is its last.
fn chains(pointer: &FnPtr, ast: &AST) -> Vec<Vec<Named>> {
    let mut found = Vec::new();
    let name = pointer.fn_name();
    let Some(function) = ast.iter_fn_def().find(|function| function.name == name) else {
        return found;
    };
    let Some(parameter) = function.params.last() else {
        return found;
    };
    let alone = ast.clone_functions_only_filtered(|_, _, _, other, _| other == name);
    let mut shadowed = false;
    alone.walk(&mut |path: &[ASTNode<'_>]| {
        match path.last() {
            Some(ASTNode::Expr(Expr::Dot(parts, ..))) => {
                if let Expr::Variable(variable, ..) = &parts.lhs
                    && variable.1 == *parameter
                {
                    let mut chain = Vec::new();
                    unroll(&parts.rhs, &mut chain);
                    found.push(chain);
                }
            }
            Some(ASTNode::Stmt(Stmt::Var(parts, ..))) => {
                shadowed |= parts.0.name == *parameter;
            }
            _ => {}
        }
        true
    });
    if shadowed { Vec::new() } else { found }
}

/// `a.b.c` behind the first dot, up to the first thing that is no property.
fn unroll(expr: &Expr, chain: &mut Vec<Named>) {
    match expr {
        Expr::Property(property, position) => {
            chain.push(Named {
                name: property.2.to_string(),
                spot: spot(*position),
            });
        }
        Expr::Dot(parts, ..) => {
            let before = chain.len();
            unroll(&parts.lhs, chain);
            if chain.len() > before {
                unroll(&parts.rhs, chain);
            }
        }
        _ => {}
    }
}
