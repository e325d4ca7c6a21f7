//! What stands between brackets with commas: arguments, items, bindings.

use std::sync::Arc;

use super::ast::{Binding, Kind, Node};
use super::lexer::Token;
use super::parser::{Parsed, Parser};

impl Parser<'_> {
    pub(super) fn call(&mut self, callee: Node) -> Parsed<Kind> {
        self.advance()?;
        let filters = std::mem::take(&mut self.high_ends);
        let kind = self.arguments(callee);
        self.high_ends = filters;
        kind
    }

    fn arguments(&mut self, callee: Node) -> Parsed<Kind> {
        if let Some(first) = self.argument_name()? {
            let mut named = vec![(first, self.expression()?)];
            while self.eat(",")? {
                let Some(name) = self.argument_name()? else {
                    return Err(
                        self.expected("a parameter's name and `:`, as the arguments before")
                    );
                };
                named.push((name, self.expression()?));
            }
            self.require(")")?;
            return Ok(Kind::CallNamed(Box::new(callee), named));
        }
        Ok(Kind::Call(Box::new(callee), self.items(")")?))
    }

    fn argument_name(&mut self) -> Parsed<Option<Arc<str>>> {
        match self.token {
            Token::Word(_) | Token::Quoted(_) => {}
            _ => return Ok(None),
        }
        let Some((name, end)) = self.declared_name(&[':']) else { return Ok(None) };
        self.skip_to(end)?;
        self.require(":")?;
        Ok(Some(name))
    }

    /// Expressions with commas between, up to `close`.
    pub(super) fn items(&mut self, close: &str) -> Parsed<Vec<Node>> {
        let mut items = Vec::new();
        if self.eat(close)? {
            return Ok(items);
        }
        loop {
            items.push(self.expression()?);
            if self.eat(close)? {
                return Ok(items);
            }
            if !self.eat(",")? {
                return Err(self.expected(&format!("`,` or `{close}`")));
            }
        }
    }

    /// `x in list, y in 1..3` up to `close`. The names are known afterwards; the caller forgets
    /// them.
    pub(super) fn bindings(&mut self, close: &str) -> Parsed<Vec<Binding>> {
        let mut bindings = Vec::new();
        loop {
            let Some((name, end)) = self.bound_name() else {
                return Err(self.expected("the name of a variable, then `in`"));
            };
            self.skip_to(end)?;
            self.require_word("in")?;
            let of = self.expression()?;
            let to = if self.eat("..")? { Some(self.expression()?) } else { None };
            self.known.variable(&name);
            bindings.push(Binding { name, of, to });
            if !self.eat(",")? {
                break;
            }
        }
        self.require_word(close)?;
        Ok(bindings)
    }
}
