//! `s.media.label` and the like in a closure that cannot be followed as a whole.
//!
//! What stands on the closure's own parameter can be checked even there, name by name. A closure
//! that binds its parameter's name anew shows nothing.

use rhai::{ASTNode, Expr, FnPtr, Stmt};

use super::functions::Functions;
use super::{Named, spot};

impl Functions {
    /// The property chains on the closure's own parameter, which is its last.
    pub(crate) fn chains(&self, pointer: &FnPtr) -> Vec<Vec<Named>> {
        let arity = pointer.curry().len() + 1;
        let Some(function) = self.get(pointer.fn_name(), arity) else {
            return Vec::new();
        };
        let Some(parameter) = function.params.last() else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let mut shadowed = false;
        let mut see = |path: &[ASTNode<'_>]| {
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
                Some(ASTNode::Stmt(Stmt::For(parts, ..))) => {
                    shadowed |= parts.0.name == *parameter;
                }
                _ => {}
            }
            true
        };
        for stmt in &function.body {
            stmt.walk(&mut Vec::new(), &mut see);
        }
        if shadowed { Vec::new() } else { found }
    }
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
