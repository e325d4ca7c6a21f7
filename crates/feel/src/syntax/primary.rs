//! Operands: literals, names, lists, contexts, ranges, and what begins with a keyword.

use std::sync::Arc;

use super::ast::{Kind, Node, RangeNode, Span};
use super::lexer::{Token, is_blank, is_name_part, is_name_start};
use super::literal;
use super::names::normalised;
use super::parser::{KEYWORDS, Parsed, Parser};
use crate::{Diagnostic, Number};

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> Parsed<Node> {
        let start = self.span;
        let kind = match &self.token {
            Token::Number(text) => {
                let Some(number) = Number::parse(text) else {
                    return Err(Diagnostic {
                        span: start.range(),
                        message: format!("expected a number below 1E+6145, but found `{text}`"),
                        help: None,
                    });
                };
                self.advance()?;
                Kind::Number(number)
            }
            Token::String(text) => {
                let text = Arc::from(&**text);
                self.advance()?;
                Kind::String(text)
            }
            Token::At(text) => {
                let value = literal::at(text).ok_or_else(|| literal::unreadable(start, text))?;
                let kind = Kind::At(Arc::from(&**text), value);
                self.advance()?;
                kind
            }
            Token::Quoted(name) => {
                let name = normalised(name);
                self.advance()?;
                Kind::Name(name)
            }
            Token::Word(_) => return self.word(),
            Token::Symbol("(") => return self.parenthesis(),
            Token::Symbol("[") => return self.bracket(),
            Token::Symbol("]") => return self.outward_range(),
            Token::Symbol("{") => return self.braces(),
            Token::Symbol("?") => {
                self.advance()?;
                Kind::Input
            }
            Token::Symbol(_) | Token::End => return Err(self.expected("an expression")),
        };
        self.node(start, kind)
    }

    fn word(&mut self) -> Parsed<Node> {
        let start = self.span;
        if let Some((name, end)) = self.known_name()
            && end > start.end as usize
        {
            self.skip_to(end)?;
            return self.node(start, Kind::Name(name));
        }
        let Token::Word(word) = self.token else { return Err(self.expected("a name")) };
        let kind = match word {
            "true" | "false" => {
                self.advance()?;
                Kind::Bool(word == "true")
            }
            "null" => {
                self.advance()?;
                Kind::Null
            }
            "if" => self.conditional()?,
            "for" => self.iteration()?,
            "some" | "every" => self.quantified(word == "every")?,
            "function" => self.function()?,
            // Where an operand stands it is the function: `and([a, b])`.
            word @ ("and" | "or") if self.following()? == Token::Symbol("(") => {
                self.advance()?;
                Kind::Name(word.into())
            }
            word if KEYWORDS.contains(&word) => return Err(self.expected("an expression")),
            word => {
                let name = word.into();
                self.advance()?;
                Kind::Name(name)
            }
        };
        self.node(start, kind)
    }

    fn conditional(&mut self) -> Parsed<Kind> {
        self.advance()?;
        let condition = self.expression()?;
        self.require_word("then")?;
        let then = self.expression()?;
        self.require_word("else")?;
        let other = self.expression()?;
        Ok(Kind::If(Box::new(condition), Box::new(then), Box::new(other)))
    }

    fn iteration(&mut self) -> Parsed<Kind> {
        self.advance()?;
        let mark = self.known.variables.len();
        let bindings = self.bindings("return")?;
        let body = self.expression()?;
        self.known.variables.truncate(mark);
        Ok(Kind::For(bindings, Box::new(body)))
    }

    fn quantified(&mut self, every: bool) -> Parsed<Kind> {
        self.advance()?;
        let mark = self.known.variables.len();
        let bindings = self.bindings("satisfies")?;
        let condition = Box::new(self.expression()?);
        self.known.variables.truncate(mark);
        Ok(Kind::Quantified { every, bindings, condition })
    }

    fn function(&mut self) -> Parsed<Kind> {
        self.advance()?;
        self.require("(")?;
        let mark = self.known.variables.len();
        let mut parameters = Vec::new();
        while !self.eat(")")? {
            if !parameters.is_empty() && !self.eat(",")? {
                return Err(self.expected("`,` or `)`"));
            }
            let Some((name, end)) = self.declared_name(&[':', ',', ')']) else {
                return Err(self.expected("the name of a parameter"));
            };
            self.skip_to(end)?;
            let typed = if self.eat(":")? { Some(self.type_name()?) } else { None };
            self.known.variable(&name);
            parameters.push((name, typed));
        }
        let external = self.eat_word("external")?;
        let body = Box::new(self.expression()?);
        self.known.variables.truncate(mark);
        Ok(Kind::Function { parameters, body, external })
    }

    /// `(a)`, `(1..5]`, `(< 5)`.
    fn parenthesis(&mut self) -> Parsed<Node> {
        let start = self.span;
        self.advance()?;
        let high_ends = std::mem::take(&mut self.high_ends);
        let read = self.inside_parenthesis(start);
        self.high_ends = high_ends;
        read
    }

    fn inside_parenthesis(&mut self, start: Span) -> Parsed<Node> {
        if self.comparison_operator().is_some() {
            let range = self.half_range()?;
            self.require(")")?;
            return self.node(start, range);
        }
        let inner = self.expression()?;
        if self.eat("..")? {
            return self.range_from(start, false, inner);
        }
        self.require(")")?;
        // The brackets belong to the place, so that messages show them.
        self.node(start, inner.kind)
    }

    /// The rest of a range, behind its `..`.
    pub(super) fn range_from(
        &mut self,
        start: Span,
        low_included: bool,
        low: Node,
    ) -> Parsed<Node> {
        let high_ends = self.high_ends;
        self.high_ends = high_ends + 1;
        let high = self.expression();
        self.high_ends = high_ends;
        let high = high?;
        let high_included = match self.token {
            Token::Symbol("]") => true,
            Token::Symbol(")" | "[") => false,
            _ => return Err(self.expected("`]` or `)` to close the range")),
        };
        self.advance()?;
        let (equal, low, high) = (false, Some(low), Some(high));
        let range = RangeNode { equal, low, low_included, high, high_included };
        self.node(start, Kind::Range(Box::new(range)))
    }

    /// `]1..5[`
    fn outward_range(&mut self) -> Parsed<Node> {
        let start = self.span;
        self.advance()?;
        let low = self.expression()?;
        self.require("..")?;
        self.range_from(start, false, low)
    }

    fn bracket(&mut self) -> Parsed<Node> {
        let start = self.span;
        self.advance()?;
        let high_ends = std::mem::take(&mut self.high_ends);
        let read = self.inside_bracket(start);
        self.high_ends = high_ends;
        read
    }

    fn inside_bracket(&mut self, start: Span) -> Parsed<Node> {
        let mut items = Vec::new();
        if !self.eat("]")? {
            let first = self.expression()?;
            if self.eat("..")? {
                return self.range_from(start, true, first);
            }
            items.push(first);
            while !self.eat("]")? {
                if !self.eat(",")? {
                    return Err(self.expected("`,` or `]`"));
                }
                items.push(self.expression()?);
            }
        }
        self.node(start, Kind::List(items))
    }

    fn braces(&mut self) -> Parsed<Node> {
        let start = self.span;
        self.advance()?;
        let mark = self.known.variables.len();
        let high_ends = std::mem::take(&mut self.high_ends);
        let mut entries: Vec<(Arc<str>, Node)> = Vec::new();
        while !self.eat("}")? {
            if !entries.is_empty() && !self.eat(",")? {
                return Err(self.expected("`,` or `}`"));
            }
            let place = self.span;
            let name = self.key()?;
            if entries.iter().any(|(known, _)| *known == name) {
                return Err(Diagnostic {
                    span: place.range(),
                    message: format!("the context has two entries `{name}`"),
                    help: Some("give each entry its own name".into()),
                });
            }
            self.require(":")?;
            let value = self.expression()?;
            self.known.variable(&name);
            self.known.entry(&name);
            entries.push((name, value));
        }
        self.known.variables.truncate(mark);
        self.high_ends = high_ends;
        self.node(start, Kind::Context(entries))
    }

    fn key(&mut self) -> Parsed<Arc<str>> {
        if let Token::String(name) = &self.token {
            let name = Arc::from(&**name);
            self.advance()?;
            return Ok(name);
        }
        let Some((name, end)) = self.declared_name(&[':']) else {
            return Err(self.expected("the name of an entry, then `:`"));
        };
        self.skip_to(end)?;
        Ok(name)
    }

    /// A name of any number of words at this place that ends before one of `stops`, and its end.
    pub(super) fn declared_name(&self, stops: &[char]) -> Option<(Arc<str>, usize)> {
        let start = self.span.start as usize;
        if let Token::Quoted(name) = self.token {
            let end = self.span.end as usize;
            let next = self.source[end..].trim_start_matches(is_blank).chars().next()?;
            return stops.contains(&next).then(|| (normalised(name), end));
        }
        let text = &self.source[start..];
        if !text.chars().next().is_some_and(is_name_start) {
            return None;
        }
        let stop = text.find(|c| !(is_name_part(c) || is_blank(c) || is_name_sign(c)))?;
        if !stops.contains(&text[stop..].chars().next()?) {
            return None;
        }
        let name = text[..stop].trim_end_matches(is_blank);
        Some((normalised(name), start + name.len()))
    }

    /// A name of any number of words at this place that ends before the word `in`.
    pub(super) fn bound_name(&self) -> Option<(Arc<str>, usize)> {
        let start = self.span.start as usize;
        if let Token::Quoted(name) = self.token {
            return Some((normalised(name), self.span.end as usize));
        }
        let text = &self.source[start..];
        if !text.chars().next().is_some_and(is_name_start) {
            return None;
        }
        let stop = text
            .find(|c| !(is_name_part(c) || is_blank(c) || is_name_sign(c)))
            .unwrap_or(text.len());
        let mut at = 0;
        for word in text[..stop].split(is_blank) {
            if word == "in" && at > 0 {
                let name = text[..at].trim_end_matches(is_blank);
                return Some((normalised(name), start + name.len()));
            }
            at += word.len();
            at += text[at..].chars().next().map_or(0, char::len_utf8);
        }
        None
    }
}

/// Signs that a name may have between its words (DMN 1.5, grammar rule 30).
fn is_name_sign(c: char) -> bool {
    matches!(c, '.' | '/' | '-' | '\'' | '+' | '*')
}
