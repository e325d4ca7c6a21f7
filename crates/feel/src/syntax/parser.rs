//! Tokens to a tree, by precedence climbing (DMN 1.5, 10.3.1.2).
//!
//! In:  the text, and the names that are known around it.
//! Out: a tree, or the first place that cannot be read, with what was expected there.
//! Absent: meaning. Whether a name or a function exists is decided in `compile`.

use std::sync::Arc;

use super::ast::{Kind, Node, Op, Span};
use super::lexer::{self, Token};
use super::names::{Known, matched};
use crate::Diagnostic;

/// Deepest nesting of brackets, `if`, `for` and the like.
pub(crate) const NESTING_MAX: u32 = 100;
/// Deepest tree.
const TREE_DEPTH_MAX: u32 = 250;
/// Longest chain of paths, filters, calls and comparisons behind one operand.
const CHAIN_MAX: usize = 200;

pub(crate) const KEYWORDS: &[&str] = &[
    "for",
    "in",
    "return",
    "some",
    "every",
    "satisfies",
    "if",
    "then",
    "else",
    "and",
    "or",
    "between",
    "instance",
    "of",
    "true",
    "false",
    "null",
    "function",
    "external",
];

pub(crate) type Parsed<T> = Result<T, Diagnostic>;

pub(crate) struct Parser<'a> {
    pub(super) source: &'a str,
    pub(super) token: Token<'a>,
    pub(super) span: Span,
    /// End of the token before.
    pub(super) behind: u32,
    pub(super) known: Known,
    /// Names of types with more than one word, or with dots.
    pub(super) types: &'a [Arc<str>],
    nesting: u32,
    /// Inside of filters, entries are names too.
    pub(super) filters: u32,
    /// Inside of a range's high end, `[` may close the range.
    pub(super) high_ends: u32,
}

impl<'a> Parser<'a> {
    pub fn new(source: &'a str, known: Known, types: &'a [Arc<str>]) -> Parsed<Self> {
        let (token, span) = lexer::next(source, 0)?;
        Ok(Self {
            source,
            token,
            span,
            behind: 0,
            known,
            types,
            nesting: 0,
            filters: 0,
            high_ends: 0,
        })
    }

    /// The whole text as one expression.
    pub fn whole(&mut self) -> Parsed<Node> {
        let node = self.expression()?;
        self.end()?;
        Ok(node)
    }

    pub(super) fn end(&self) -> Parsed<()> {
        if self.token == Token::End { Ok(()) } else { Err(self.expected("an operator or the end")) }
    }

    pub(super) fn advance(&mut self) -> Parsed<()> {
        self.behind = self.span.end;
        self.jump(self.span.end as usize)
    }

    /// Reads on at a byte.
    pub(super) fn jump(&mut self, at: usize) -> Parsed<()> {
        (self.token, self.span) = lexer::next(self.source, at)?;
        Ok(())
    }

    /// The token behind this one.
    pub(super) fn following(&self) -> Parsed<Token<'a>> {
        lexer::next(self.source, self.span.end as usize).map(|(token, _)| token)
    }

    pub(super) fn is(&self, symbol: &str) -> bool {
        matches!(self.token, Token::Symbol(found) if found == symbol)
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self.token, Token::Word(found) if found == word)
    }

    pub(super) fn eat(&mut self, symbol: &str) -> Parsed<bool> {
        let found = self.is(symbol);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    pub(super) fn eat_word(&mut self, word: &str) -> Parsed<bool> {
        let found = self.is_word(word);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    pub(super) fn require(&mut self, symbol: &str) -> Parsed<()> {
        if self.eat(symbol)? { Ok(()) } else { Err(self.expected(&format!("`{symbol}`"))) }
    }

    pub(super) fn require_word(&mut self, word: &str) -> Parsed<()> {
        if self.eat_word(word)? { Ok(()) } else { Err(self.expected(&format!("`{word}`"))) }
    }

    pub(super) fn expected(&self, what: &str) -> Diagnostic {
        let span = self.span.range();
        let found = match &self.token {
            Token::End => "the end".to_owned(),
            Token::Number(_)
            | Token::String(_)
            | Token::At(_)
            | Token::Word(_)
            | Token::Quoted(_)
            | Token::Symbol(_) => format!("`{}`", &self.source[span.clone()]),
        };
        Diagnostic {
            message: format!("expected {what}, but found {found}"),
            help: self.help(),
            span,
        }
    }

    /// What may have been meant by a token that does not fit.
    fn help(&self) -> Option<String> {
        match &self.token {
            Token::Symbol("=") => Some("equality is one `=`".into()),
            Token::Symbol("+" | "*" | "/" | "**" | "<" | "<=" | ">" | ">=" | "!=") => {
                Some("a value is missing before the operator".into())
            }
            Token::Word(word) if !KEYWORDS.contains(word) && self.behind > 0 => Some(format!(
                "if `{word}` belongs to a name of several words, put the whole name in backticks"
            )),
            Token::Number(_)
            | Token::String(_)
            | Token::At(_)
            | Token::Word(_)
            | Token::Quoted(_)
            | Token::Symbol(_)
            | Token::End => None,
        }
    }

    pub(super) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting == NESTING_MAX {
            return Err(too_deep(self.span));
        }
        self.nesting += 1;
        let read = read(self);
        self.nesting -= 1;
        read
    }

    pub(super) fn since(&self, start: Span) -> Span {
        Span { start: start.start, end: self.behind }
    }

    /// A node from `start` to here.
    pub(super) fn node(&self, start: Span, kind: Kind) -> Parsed<Node> {
        let span = self.since(start);
        let depth = 1 + kind.children_depth();
        if depth > TREE_DEPTH_MAX {
            return Err(too_deep(span));
        }
        Ok(Node { span, depth, kind })
    }

    /// Any expression.
    pub fn expression(&mut self) -> Parsed<Node> {
        self.nested(Self::disjunction)
    }

    fn disjunction(&mut self) -> Parsed<Node> {
        self.connected("or", Self::conjunction, Kind::Or)
    }

    fn conjunction(&mut self) -> Parsed<Node> {
        self.connected("and", Self::comparison, Kind::And)
    }

    /// One operand, or several with a word between.
    fn connected(
        &mut self,
        word: &str,
        operand: fn(&mut Self) -> Parsed<Node>,
        kind: fn(Vec<Node>) -> Kind,
    ) -> Parsed<Node> {
        let first = operand(self)?;
        if !self.is_word(word) {
            return Ok(first);
        }
        let start = first.span;
        let mut operands = vec![first];
        while self.eat_word(word)? {
            operands.push(operand(self)?);
        }
        self.node(start, kind(operands))
    }

    pub(super) fn comparison_operator(&self) -> Option<Op> {
        match self.token {
            Token::Symbol("=") => Some(Op::Eq),
            Token::Symbol("!=") => Some(Op::Ne),
            Token::Symbol("<") => Some(Op::Lt),
            Token::Symbol("<=") => Some(Op::Le),
            Token::Symbol(">") => Some(Op::Gt),
            Token::Symbol(">=") => Some(Op::Ge),
            Token::Number(_)
            | Token::String(_)
            | Token::At(_)
            | Token::Word(_)
            | Token::Quoted(_)
            | Token::Symbol(_)
            | Token::End => None,
        }
    }

    fn comparison(&mut self) -> Parsed<Node> {
        let mut left = self.additive()?;
        let start = left.span;
        for _ in 0..CHAIN_MAX {
            let kind = if let Some(op) = self.comparison_operator() {
                self.advance()?;
                Kind::Compare(op, Box::new(left), Box::new(self.additive()?))
            } else if self.eat_word("between")? {
                let low = self.additive()?;
                self.require_word("and")?;
                Kind::Between(Box::new(left), Box::new(low), Box::new(self.additive()?))
            } else if self.eat_word("in")? {
                Kind::In(Box::new(left), self.tests_of_in()?)
            } else {
                return Ok(left);
            };
            left = self.node(start, kind)?;
        }
        Err(self.too_long())
    }

    fn too_long(&self) -> Diagnostic {
        Diagnostic {
            span: self.span.range(),
            message: format!("more than {CHAIN_MAX} operations stand in a row here"),
            help: Some("give a part of it a name, in a context or a mapping of its own".into()),
        }
    }

    pub(super) fn additive(&mut self) -> Parsed<Node> {
        self.level(
            |token| match token {
                Token::Symbol("+") => Some(Op::Add),
                Token::Symbol("-") => Some(Op::Sub),
                _ => None,
            },
            |parser| {
                parser.level(
                    |token| match token {
                        Token::Symbol("*") => Some(Op::Mul),
                        Token::Symbol("/") => Some(Op::Div),
                        _ => None,
                    },
                    |parser| {
                        parser.level(
                            |token| matches!(token, Token::Symbol("**")).then_some(Op::Pow),
                            Self::unary,
                        )
                    },
                )
            },
        )
    }

    fn level(
        &mut self,
        operator: impl Fn(&Token<'a>) -> Option<Op>,
        operand: impl Fn(&mut Self) -> Parsed<Node>,
    ) -> Parsed<Node> {
        let first = operand(self)?;
        let Some(mut op) = operator(&self.token) else { return Ok(first) };
        let start = first.span;
        let mut rest = Vec::new();
        loop {
            self.advance()?;
            rest.push((op, operand(self)?));
            match operator(&self.token) {
                Some(next) => op = next,
                None => break,
            }
        }
        self.node(start, Kind::Arithmetic(Box::new(first), rest))
    }

    fn unary(&mut self) -> Parsed<Node> {
        let start = self.span;
        if self.eat("-")? {
            let operand = self.nested(Self::unary)?;
            return self.node(start, Kind::Negate(Box::new(operand)));
        }
        let node = self.postfix()?;
        if !(self.is_word("instance") && self.following()? == Token::Word("of")) {
            return Ok(node);
        }
        self.advance()?;
        self.advance()?;
        let kind = Kind::InstanceOf(Box::new(node), self.type_name()?);
        self.node(start, kind)
    }

    fn postfix(&mut self) -> Parsed<Node> {
        let mut node = self.primary()?;
        let start = node.span;
        for _ in 0..CHAIN_MAX {
            let kind = match self.token {
                Token::Symbol(".") => Kind::Path(Box::new(node), self.entry_name()?),
                Token::Symbol("[") if !self.closes_range()? => {
                    self.advance()?;
                    let (filters, high_ends) = (self.filters, self.high_ends);
                    (self.filters, self.high_ends) = (filters + 1, 0);
                    let filter = self.expression()?;
                    (self.filters, self.high_ends) = (filters, high_ends);
                    self.require("]")?;
                    Kind::Filter(Box::new(node), Box::new(filter))
                }
                Token::Symbol("(") => self.call(node)?,
                Token::Number(_)
                | Token::String(_)
                | Token::At(_)
                | Token::Word(_)
                | Token::Quoted(_)
                | Token::Symbol(_)
                | Token::End => return Ok(node),
            };
            node = self.node(start, kind)?;
        }
        Err(self.too_long())
    }

    /// `[1..5[`: a bracket that opens is the end of the range when nothing is in it.
    fn closes_range(&self) -> Parsed<bool> {
        if self.high_ends == 0 {
            return Ok(false);
        }
        Ok(match self.following()? {
            Token::End => true,
            Token::Word(word) => {
                matches!(word, "return" | "satisfies" | "then" | "else" | "and" | "or" | "in")
            }
            Token::Symbol(symbol) => !matches!(symbol, "(" | "[" | "{" | "-" | "?" | "<" | ">"),
            Token::Number(_) | Token::String(_) | Token::At(_) | Token::Quoted(_) => false,
        })
    }

    /// The name behind a dot.
    fn entry_name(&mut self) -> Parsed<Arc<str>> {
        self.advance()?;
        let at = self.span.start as usize;
        if let Some((name, end)) = self.known.longest_property(self.source, at)
            && !matches!(self.token, Token::Quoted(_))
        {
            self.skip_to(end)?;
            return Ok(name);
        }
        let name = match self.token {
            Token::Word(name) | Token::Quoted(name) => name.into(),
            _ => return Err(self.expected("the name of an entry")),
        };
        self.advance()?;
        Ok(name)
    }

    /// Reads on behind a name that was matched in the text itself.
    pub(super) fn skip_to(&mut self, end: usize) -> Parsed<()> {
        self.behind = u32::try_from(end).unwrap_or(u32::MAX);
        self.jump(end)
    }

    /// A known variable, or function of several words, at this place: the longest wins.
    pub(super) fn known_name(&self) -> Option<(Arc<str>, usize)> {
        let at = self.span.start as usize;
        let variable = self.known.longest_variable(self.source, at);
        let entry = if self.filters > 0 { self.known.longest_entry(self.source, at) } else { None };
        let function = crate::functions::long_names()
            .filter_map(|name| {
                let end = matched(self.source, at, name)?;
                let called =
                    self.source[end..].trim_start_matches(lexer::is_blank).starts_with('(');
                let plain = !name.split(' ').any(|word| KEYWORDS.contains(&word));
                (called || plain).then(|| (Arc::from(name), end))
            })
            .max_by_key(|(_, end)| *end);
        [function, entry, variable].into_iter().flatten().max_by_key(|(_, end)| *end)
    }
}

fn too_deep(span: Span) -> Diagnostic {
    Diagnostic {
        span: span.range(),
        message: format!(
            "the expression is nested too deep: at most {NESTING_MAX} brackets and {TREE_DEPTH_MAX} operations in each other"
        ),
        help: Some("split it into several entries of a context, or several mappings".into()),
    }
}
