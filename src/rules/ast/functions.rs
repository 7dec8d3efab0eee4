//! The functions of a rule file, by name, with their statements.
//!
//! Rhai shows the body of no function by itself; walking a tree that has one function does.
//!
//! It follows nothing: that is [`follow`](super::follow)'s.

use rhai::{AST, ASTNode, FnPtr, Stmt};

/// The functions of one file, closures too.
#[derive(Debug, Default)]
pub(crate) struct Functions {
    all: Vec<Function>,
}

#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) params: Vec<String>,
    /// Whether it is for one type of `this` only.
    typed: bool,
    pub(super) body: Vec<Stmt>,
}

impl Functions {
    /// Reads them from a file's tree.
    pub(crate) fn of(ast: &AST) -> Functions {
        let mut functions = Functions::default();
        functions.read(ast.clone_functions_only());
        functions
    }

    /// A tree shows no function's body by itself, but a tree of one function does: halves it
    /// until there is one. (Filtering while cloning does not filter, in Rhai 1.27.)
    fn read(&mut self, ast: AST) {
        let mut names: Vec<(String, usize)> = ast
            .iter_fn_def()
            .map(|function| (function.name.to_string(), function.params.len()))
            .collect();
        names.sort();
        names.dedup();
        if names.len() < 2 {
            self.all.extend(ast.iter_fn_def().map(|function| Function {
                name: function.name.to_string(),
                params: function.params.iter().map(ToString::to_string).collect(),
                typed: function.this_type.is_some(),
                body: statements(&ast),
            }));
            return;
        }
        let middle = &names[names.len() / 2];
        let mut upper = ast.clone();
        let mut lower = ast;
        lower.retain_functions(|_, _, name, arity| (name, arity) < (&middle.0, middle.1));
        upper.retain_functions(|_, _, name, arity| (name, arity) >= (&middle.0, middle.1));
        self.read(lower);
        self.read(upper);
    }

    /// How many parameters a function takes by itself, if it is one of this file's.
    pub(crate) fn parameters(&self, pointer: &FnPtr) -> Option<usize> {
        let mut named = self
            .all
            .iter()
            .filter(|function| function.name == pointer.fn_name());
        let first = named.next()?.params.len();
        let captured = pointer.curry().len();
        named
            .next()
            .is_none()
            .then(|| first.saturating_sub(captured))
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        self.all.iter().any(|function| function.name == name)
    }

    pub(super) fn get(&self, name: &str, arity: usize) -> Option<&Function> {
        let mut found = self
            .all
            .iter()
            .filter(|function| function.name == name && function.params.len() == arity);
        let first = found.next()?;
        (!first.typed && found.next().is_none()).then_some(first)
    }
}

/// The statements of a tree that is one function.
fn statements(ast: &AST) -> Vec<Stmt> {
    let mut found = Vec::new();
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        if let [ASTNode::Stmt(stmt)] = path {
            found.push((*stmt).clone());
        }
        true
    });
    found
}
