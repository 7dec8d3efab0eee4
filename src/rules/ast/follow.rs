//! A closure to an [`Expr`](crate::rules::expr::Expr): helpers put in, constants put in.
//!
//! A helper is put in where it is called, its parameters replaced by what they are given; so is
//! a `let` or `const` of a pure expression. What stands in the result is evaluated as often as the
//! interpreter would, or more often, which no pure expression can notice.
//!
//! It refuses rather than guesses: whatever is not listed here is [`Unfollowed`], and so is a
//! tree that grows too large.

use rhai::{ASTFlags, Dynamic, FnPtr, Stmt};

use super::binding::{Binding, constant};
use super::functions::{Function, Functions};
use super::spot;
use crate::rules::compare::Op;
use crate::rules::expr::{Arithmetic, Expr, ExprKind, Followed, Spot, Unfollowed};

/// No tree has more nodes than this.
const MOST_NODES: usize = 4_000;
/// No tree is deeper than this.
const MOST_DEPTH: usize = 128;

impl Functions {
    /// The tree of a function that is called with one object, behind what it captured.
    pub(crate) fn follow(&self, pointer: &FnPtr, at: Spot) -> Followed {
        let refuse = |reason: &str| Unfollowed {
            spot: at,
            reason: reason.to_owned(),
        };
        let captured: Vec<&Dynamic> = pointer.iter_curry().collect();
        let function = self
            .get(pointer.fn_name(), captured.len() + 1)
            .ok_or_else(|| refuse("a function that is none of this file's"))?;
        let mut bindings = Vec::new();
        for (name, value) in function.params.iter().zip(captured) {
            let Some(kind) = constant(value, at) else {
                return Err(refuse(&format!("`{name}`, whose value is no constant")));
            };
            bindings.push(Binding::new(name, Expr { kind, spot: at }, true));
        }
        if let Some(name) = function.params.last() {
            let kind = ExprKind::Parameter;
            bindings.push(Binding::new(name, Expr { kind, spot: at }, true));
        }
        let mut follower = Follower {
            functions: self,
            bindings,
            nodes: 0,
            depth: 0,
            inside: vec![function],
        };
        follower.block(&function.body, at, true)
    }
}

struct Follower<'f> {
    functions: &'f Functions,
    bindings: Vec<Binding>,
    nodes: usize,
    depth: usize,
    inside: Vec<&'f Function>,
}

fn refuse<T>(spot: Spot, reason: impl Into<String>) -> Result<T, Unfollowed> {
    Err(Unfollowed {
        spot,
        reason: reason.into(),
    })
}

impl Follower<'_> {
    /// Counts what is built, so that neither size nor depth run away.
    fn grow(&mut self, spot: Spot, size: usize, depth: usize) -> Result<(), Unfollowed> {
        self.nodes += size;
        if self.nodes > MOST_NODES || self.depth + depth > MOST_DEPTH {
            return refuse(
                spot,
                "more than can be followed, once its functions are put in",
            );
        }
        Ok(())
    }

    fn deeper<T>(
        &mut self,
        spot: Spot,
        follow: impl FnOnce(&mut Self) -> Result<T, Unfollowed>,
    ) -> Result<T, Unfollowed> {
        self.depth += 1;
        let followed = self.grow(spot, 0, 0).and_then(|()| follow(self));
        self.depth -= 1;
        followed
    }

    /// The value of a block; `tail` where a `return` ends the whole closure or helper.
    fn block(&mut self, stmts: &[Stmt], at: Spot, tail: bool) -> Followed {
        let before = self.bindings.len();
        let followed = self.deeper(at, |this| this.statements(stmts, at, tail));
        let unread = self.bindings[before..].iter().find(|let_| let_.is_lost());
        let unread = unread.map(|let_| Unfollowed {
            spot: let_.expr.spot,
            reason: format!("`{}`, which is never read", let_.name),
        });
        self.bindings.truncate(before);
        match (followed, unread) {
            // What is never read would vanish, and with it what the interpreter does there.
            (Ok(_), Some(unread)) => Err(unread),
            (followed, _) => followed,
        }
    }

    fn statements(&mut self, stmts: &[Stmt], at: Spot, tail: bool) -> Followed {
        let mut rest = stmts;
        while let Some((stmt, behind)) = rest.split_first() {
            rest = behind;
            let here = spot(stmt.position());
            let last = rest.iter().all(Stmt::is_noop);
            match stmt {
                Stmt::Noop(_) => {}
                Stmt::Var(parts, ..) => {
                    let value = self.expr(&parts.1)?;
                    let at_use = matches!(value.kind, ExprKind::Parameter);
                    self.bindings
                        .push(Binding::new(&parts.0.name, value, at_use));
                }
                Stmt::Return(Some(value), flags, _) if tail && !flags.contains(ASTFlags::BREAK) => {
                    return self.expr(value);
                }
                Stmt::If(parts, _) => {
                    let other = parts.branch.statements();
                    let early = !last && tail && other.iter().all(Stmt::is_noop);
                    let returns = early && returns(parts.body.statements());
                    if !last && !returns {
                        return refuse(here, "an `if` whose value is not used");
                    }
                    let condition = self.expr(&parts.expr)?;
                    let then = self.block(parts.body.statements(), here, tail)?;
                    let other = if early { rest } else { other };
                    let other = if other.iter().all(Stmt::is_noop) {
                        self.leaf(ExprKind::Nothing, here)?
                    } else {
                        self.block(other, here, tail)?
                    };
                    let kind = ExprKind::If(Box::new(condition), Box::new(then), Box::new(other));
                    return self.leaf(kind, here);
                }
                _ if !last => return refuse(here, statement(stmt)),
                Stmt::Expr(value) => return self.expr(value),
                Stmt::FnCall(call, _) => return self.call(call, here),
                Stmt::Block(block) => return self.block(block.statements(), here, tail),
                _ => return refuse(here, statement(stmt)),
            }
        }
        refuse(at, "a block that gives no value")
    }

    fn leaf(&mut self, kind: ExprKind, spot: Spot) -> Followed {
        self.grow(spot, 1, 0)?;
        Ok(Expr { kind, spot })
    }

    fn expr(&mut self, expr: &rhai::Expr) -> Followed {
        let here = spot(expr.position());
        self.deeper(here, |this| this.expression(expr, here))
    }

    fn expression(&mut self, expr: &rhai::Expr, here: Spot) -> Followed {
        use rhai::Expr as R;
        match expr {
            R::BoolConstant(value, _) => self.leaf(ExprKind::Bool(*value), here),
            R::IntegerConstant(value, _) => self.leaf(ExprKind::Integer(*value), here),
            R::FloatConstant(value, _) => self.leaf(ExprKind::Float(**value), here),
            R::CharConstant(value, _) => self.leaf(ExprKind::Text(value.to_string()), here),
            R::StringConstant(value, _) => self.leaf(ExprKind::Text(value.to_string()), here),
            R::DynamicConstant(value, _) => match constant(value, here) {
                Some(kind) => self.leaf(kind, here),
                None => refuse(here, "a closure in a closure"),
            },
            R::Unit(_) => self.leaf(ExprKind::Nothing, here),
            R::InterpolatedString(parts, _) => {
                let parts = self.all(parts)?;
                self.leaf(ExprKind::Words(parts), here)
            }
            R::Array(items, _) => {
                let items = self.all(items)?;
                self.leaf(ExprKind::List(items), here)
            }
            R::Variable(variable, ..) if !variable.2.is_empty() => {
                if variable.2.to_string() == "limits" {
                    return self.leaf(ExprKind::Limit(variable.1.to_string()), here);
                }
                refuse(here, format!("`{}::`", variable.2))
            }
            R::Variable(variable, ..) => self.variable(&variable.1, here),
            R::Dot(parts, ..) => {
                let base = self.expr(&parts.lhs)?;
                self.chain(base, &parts.rhs)
            }
            R::Index(parts, ..) => {
                let parts = vec![self.expr(&parts.lhs)?, self.expr(&parts.rhs)?];
                self.leaf(ExprKind::Plain("[]".to_owned(), parts), here)
            }
            R::FnCall(call, _) => self.call(call, here),
            R::Stmt(block) => self.block(block.statements(), here, false),
            R::Map(..) => refuse(here, "a map"),
            R::ThisPtr(_) => refuse(here, "`this`"),
            _ => refuse(here, "an expression of a kind of its own"),
        }
    }

    fn all(&mut self, exprs: &[rhai::Expr]) -> Result<Vec<Expr>, Unfollowed> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn variable(&mut self, name: &str, here: Spot) -> Followed {
        let Some(at) = self.bindings.iter().rposition(|let_| let_.name == name) else {
            return refuse(here, format!("the variable `{name}`"));
        };
        let (size, depth) = (self.bindings[at].size, self.bindings[at].depth);
        self.grow(here, size, depth)?;
        let binding = &mut self.bindings[at];
        binding.used = true;
        let mut expr = binding.expr.clone();
        if binding.at_use {
            expr.spot = here;
        }
        Ok(expr)
    }

    /// What stands behind a dot.
    fn chain(&mut self, base: Expr, behind: &rhai::Expr) -> Followed {
        use rhai::Expr as R;
        let here = spot(behind.position());
        match behind {
            R::Property(property, _) => {
                let kind = ExprKind::Property(Box::new(base), property.2.to_string());
                self.leaf(kind, here)
            }
            R::Dot(parts, ..) => {
                let next = self.deeper(here, |this| this.chain(base, &parts.lhs))?;
                self.deeper(here, |this| this.chain(next, &parts.rhs))
            }
            R::Index(parts, ..) => {
                let whole = self.deeper(here, |this| this.chain(base, &parts.lhs))?;
                let parts = vec![whole, self.expr(&parts.rhs)?];
                self.leaf(ExprKind::Plain("[]".to_owned(), parts), here)
            }
            R::MethodCall(call, _) => {
                let name = call.name.as_str();
                if self.functions.is_named(name) {
                    return refuse(here, format!("`.{name}(…)`, a function called with `this`"));
                }
                let mut args = vec![base];
                args.extend(self.all(&call.args)?);
                self.known(name, args, here)
            }
            _ => refuse(here, "something behind a dot that is no property"),
        }
    }

    fn call(&mut self, call: &rhai::FnCallExpr, here: Spot) -> Followed {
        let name = call.name.as_str();
        if !call.namespace.is_empty() || call.capture_parent_scope {
            return refuse(here, format!("a call of `{name}` in another scope"));
        }
        let args = self.all(&call.args)?;
        if call.op_token.is_some() {
            return self.operator(name, args, here);
        }
        if self.functions.is_named(name) {
            return self.helper(name, args, here);
        }
        self.known(name, args, here)
    }

    /// A call of one of the file's own functions: its value, with the parameters put in.
    fn helper(&mut self, name: &str, args: Vec<Expr>, here: Spot) -> Followed {
        let functions = self.functions;
        let Some(function) = functions.get(name, args.len()) else {
            return refuse(
                here,
                format!("a call of `{name}` that fits no single function"),
            );
        };
        let again = |other: &&Function| std::ptr::eq(*other, function);
        if self.inside.iter().any(again) {
            return refuse(here, format!("`{name}`, which calls itself"));
        }
        let outer = std::mem::take(&mut self.bindings);
        for (param, arg) in function.params.iter().zip(args) {
            let at_use = matches!(arg.kind, ExprKind::Parameter);
            self.bindings.push(Binding::new(param, arg, at_use));
        }
        self.inside.push(function);
        let followed = self.block(&function.body, here, true);
        self.inside.pop();
        let unread = self.bindings.iter().find(|param| param.is_lost());
        let unread = unread.map(|param| format!("`{name}`, which never reads `{}`", param.name));
        self.bindings = outer;
        match (followed, unread) {
            (Ok(_), Some(reason)) => refuse(here, reason),
            (followed, _) => followed,
        }
    }

    fn known(&mut self, name: &str, args: Vec<Expr>, here: Spot) -> Followed {
        let kind = match <[Expr; 1]>::try_from(args) {
            Ok([arg]) => {
                let arg = Box::new(arg);
                match name {
                    "has" => ExprKind::Has(arg),
                    "note" => ExprKind::Note(arg),
                    "guard" => ExprKind::Guard(arg),
                    "certain" => ExprKind::Certain(arg),
                    "to_string" => ExprKind::InWords(arg),
                    _ => return refuse(here, format!("a call of `{name}`")),
                }
            }
            Err(args) => match (name, <[Expr; 2]>::try_from(args)) {
                ("contains", Ok([whole, part])) => {
                    ExprKind::Contains(Box::new(whole), Box::new(part))
                }
                _ => return refuse(here, format!("a call of `{name}`")),
            },
        };
        self.leaf(kind, here)
    }

    fn operator(&mut self, name: &str, args: Vec<Expr>, here: Spot) -> Followed {
        let kind = match <[Expr; 2]>::try_from(args) {
            Ok([a, b]) => {
                let (a, b) = (Box::new(a), Box::new(b));
                match name {
                    "&&" => ExprKind::And(a, b),
                    "||" => ExprKind::Or(a, b),
                    "??" => ExprKind::OrElse(a, b),
                    "contains" => ExprKind::Contains(a, b),
                    _ => match (Op::of_symbol(name), Arithmetic::of_symbol(name)) {
                        (Some(op), _) => ExprKind::Compare(op, a, b),
                        (_, Some(op)) => ExprKind::Arithmetic(op, a, b),
                        _ => ExprKind::Plain(name.to_owned(), vec![*a, *b]),
                    },
                }
            }
            Err(args) => match (name, <[Expr; 1]>::try_from(args)) {
                ("!", Ok([a])) => ExprKind::Not(Box::new(a)),
                ("-", Ok([a])) => ExprKind::Negate(Box::new(a)),
                (_, Ok(args)) => ExprKind::Plain(name.to_owned(), args.into()),
                (_, Err(args)) => ExprKind::Plain(name.to_owned(), args),
            },
        };
        self.leaf(kind, here)
    }
}

/// Whether a block surely ends in a `return`.
fn returns(stmts: &[Stmt]) -> bool {
    let last = stmts.iter().rev().find(|stmt| !stmt.is_noop());
    matches!(last, Some(Stmt::Return(Some(_), flags, _)) if !flags.contains(ASTFlags::BREAK))
}

/// What a statement is that cannot be followed.
fn statement(stmt: &Stmt) -> &'static str {
    match stmt {
        Stmt::While(..) | Stmt::Do(..) | Stmt::For(..) => "a loop",
        Stmt::Assignment(..) => "an assignment",
        Stmt::TryCatch(..) => "a `try`",
        Stmt::BreakLoop(..) => "a `break` or `continue`",
        Stmt::Return(_, flags, _) if flags.contains(ASTFlags::BREAK) => "a `throw`",
        Stmt::Return(..) => "a `return` in the midst of things",
        Stmt::Expr(_) | Stmt::FnCall(..) | Stmt::Block(_) => "a value that is not used",
        Stmt::Share(_) => "a closure in a closure",
        _ => "a statement of a kind of its own",
    }
}

#[cfg(test)]
mod tests;
