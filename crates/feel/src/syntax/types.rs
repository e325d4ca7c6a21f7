//! Types as they are written behind `instance of` and behind a parameter.

use std::sync::Arc;

use super::ast::{Span, TypeNode};
use super::lexer::Token;
use super::names::matched;
use super::parser::{Parsed, Parser};

/// Names of types that are more than one word.
const LONG: &[&str] = &["date and time", "days and time duration", "years and months duration"];

impl Parser<'_> {
    pub(super) fn type_name(&mut self) -> Parsed<TypeNode> {
        self.nested(Self::one_type)
    }

    fn one_type(&mut self) -> Parsed<TypeNode> {
        let start = self.span;
        let generic = match self.token {
            Token::Word(word) if self.following()? == Token::Symbol("<") => word,
            _ => return self.simple_type(start),
        };
        match generic {
            "list" | "range" => {
                self.advance()?;
                self.advance()?;
                let of = Box::new(self.type_name()?);
                self.require(">")?;
                Ok(if generic == "list" { TypeNode::List(of) } else { TypeNode::Range(of) })
            }
            "context" => {
                self.advance()?;
                self.advance()?;
                self.context_type()
            }
            "function" => {
                self.advance()?;
                self.advance()?;
                self.function_type()
            }
            _ => self.simple_type(start),
        }
    }

    fn context_type(&mut self) -> Parsed<TypeNode> {
        let mut entries = Vec::new();
        while !self.eat(">")? {
            if !entries.is_empty() && !self.eat(",")? {
                return Err(self.expected("`,` or `>`"));
            }
            let Some((name, end)) = self.declared_name(&[':']) else {
                return Err(self.expected("the name of an entry, then `:` and its type"));
            };
            self.skip_to(end)?;
            self.require(":")?;
            entries.push((name, self.type_name()?));
        }
        Ok(TypeNode::Context(entries))
    }

    fn function_type(&mut self) -> Parsed<TypeNode> {
        let mut parameters = Vec::new();
        while !self.eat(">")? {
            if !parameters.is_empty() && !self.eat(",")? {
                return Err(self.expected("`,` or `>`"));
            }
            parameters.push(self.type_name()?);
        }
        self.require("->")?;
        Ok(TypeNode::Function(parameters, Box::new(self.type_name()?)))
    }

    fn simple_type(&mut self, start: Span) -> Parsed<TypeNode> {
        let at = start.start as usize;
        let long = LONG.iter().map(|name| Arc::from(*name));
        let longest = long
            .chain(self.types.iter().cloned())
            .filter_map(|name: Arc<str>| Some((matched(self.source, at, &name)?, name)))
            .max_by_key(|(end, _)| *end);
        if let Some((end, name)) = longest {
            self.skip_to(end)?;
            return Ok(TypeNode::Named(self.since(start), name));
        }
        let mut name = match self.token {
            Token::Word(word) | Token::Quoted(word) => word.to_owned(),
            _ => return Err(self.expected("the name of a type")),
        };
        self.advance()?;
        while self.eat(".")? {
            let (Token::Word(word) | Token::Quoted(word)) = self.token else {
                return Err(self.expected("the name of a type"));
            };
            name.push('.');
            name.push_str(word);
            self.advance()?;
        }
        Ok(TypeNode::Named(self.since(start), name.into()))
    }
}
