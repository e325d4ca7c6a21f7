//! Tokens to a tree. Precedence climbs; nesting is bounded; names are gathered into slots.

use std::ops::Range;
use std::sync::Arc;

use crate::ast::{Kind, Node, Op, Test};
use crate::builtins::Builtin;
use crate::lexer::{Token, lex};
use crate::temporal::{self, Moment};
use crate::value::Value;
use crate::{Diagnostic, Number, TREE_DEPTH_MAX};

const KEYWORDS: &[&str] = &[
    "if",
    "then",
    "else",
    "for",
    "in",
    "return",
    "some",
    "every",
    "satisfies",
    "and",
    "or",
    "between",
    "true",
    "false",
    "null",
    "instance",
    "function",
];

/// Deepest nesting of brackets; each takes several calls of the parser.
const NESTING_MAX: u32 = 100;

type Parsed<T> = Result<T, Diagnostic>;

pub(crate) fn parse(source: &str) -> Parsed<(Node, Vec<Arc<str>>)> {
    let mut parser = Parser { source, tokens: lex(source)?, at: 0, names: Vec::new(), depth: 0 };
    let root = parser.expression()?;
    if *parser.token() != Token::End {
        return Err(parser.expected("the end of the expression"));
    }
    // In the order of first use: a name's position is its slot.
    Ok((root, parser.names))
}

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<(Token, Range<usize>)>,
    at: usize,
    names: Vec<Arc<str>>,
    depth: u32,
}

impl Parser<'_> {
    fn token(&self) -> &Token {
        &self.tokens[self.at].0
    }

    fn span(&self) -> Range<usize> {
        self.tokens[self.at].1.clone()
    }

    fn advance(&mut self) {
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
    }

    fn eat(&mut self, symbol: &str) -> bool {
        let found = matches!(self.token(), Token::Symbol(known) if *known == symbol);
        if found {
            self.advance();
        }
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.advance();
        }
        found
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.token(), Token::Name(known) if known == word)
    }

    fn require(&mut self, symbol: &str) -> Parsed<()> {
        if self.eat(symbol) { Ok(()) } else { Err(self.expected(&format!("`{symbol}`"))) }
    }

    fn require_word(&mut self, word: &str) -> Parsed<()> {
        if self.word(word) { Ok(()) } else { Err(self.expected(&format!("`{word}`"))) }
    }

    fn expected(&self, wanted: &str) -> Diagnostic {
        let span = self.span();
        let found = match self.token() {
            Token::End => "the expression ends here".to_owned(),
            _ => format!("found `{}`", &self.source[span.clone()]),
        };
        Diagnostic { span, message: format!("expected {wanted}, but {found}"), help: None }
    }

    fn node(&self, start: usize, depth: u32, kind: Kind) -> Parsed<Node> {
        let end = self.tokens[self.at.saturating_sub(1)].1.end.max(start);
        if depth > TREE_DEPTH_MAX {
            return Err(too_deep(start..end));
        }
        let small = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Ok(Node { span: small(start)..small(end), depth, kind })
    }

    fn expression(&mut self) -> Parsed<Node> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(too_deep(self.span()));
        }
        let start = self.span().start;
        let node = if self.word("if") {
            let condition = self.expression()?;
            self.require_word("then")?;
            let then = self.expression()?;
            self.require_word("else")?;
            let other = self.expression()?;
            let depth = 1 + condition.depth.max(then.depth).max(other.depth);
            self.node(start, depth, Kind::If(condition.into(), then.into(), other.into()))
        } else if self.word("for") {
            let bindings = self.bindings()?;
            self.require_word("return")?;
            let body = self.expression()?;
            let depth = 1 + depth_of(bindings.iter().map(|(_, node)| node)).max(body.depth);
            self.node(start, depth, Kind::For(bindings, body.into()))
        } else if self.is_word("some") || self.is_word("every") {
            let every = self.is_word("every");
            self.advance();
            let bindings = self.bindings()?;
            self.require_word("satisfies")?;
            let condition = self.expression()?;
            let depth = 1 + depth_of(bindings.iter().map(|(_, node)| node)).max(condition.depth);
            self.node(
                start,
                depth,
                Kind::Quantified { every, bindings, condition: condition.into() },
            )
        } else {
            self.binary(0)
        };
        self.depth -= 1;
        node
    }

    fn bindings(&mut self) -> Parsed<Vec<(Arc<str>, Node)>> {
        let mut bindings = Vec::new();
        loop {
            let name = self.name()?;
            self.require_word("in")?;
            let start = self.span().start;
            let mut list = self.binary(2)?;
            if self.eat("..") {
                let high = self.binary(2)?;
                let depth = 1 + list.depth.max(high.depth);
                let kind = Kind::Range {
                    low_open: false,
                    low: list.into(),
                    high: high.into(),
                    high_open: false,
                };
                list = self.node(start, depth, kind)?;
            }
            bindings.push((name, list));
            if !self.eat(",") {
                return Ok(bindings);
            }
        }
    }

    fn name(&mut self) -> Parsed<Arc<str>> {
        let name: Arc<str> = match self.token() {
            Token::Name(name) if !KEYWORDS.contains(&&**name) => name.as_str().into(),
            Token::Quoted(name) => name.as_str().into(),
            _ => return Err(self.expected("a name")),
        };
        self.advance();
        Ok(name)
    }

    /// Levels: 0 or, 1 and, 2 comparison, 3 sum, 4 product, 5 power.
    fn operator(&self, level: u8) -> Option<Op> {
        Some(match (level, self.token()) {
            (0, Token::Name(word)) if word == "or" => Op::Or,
            (1, Token::Name(word)) if word == "and" => Op::And,
            (2, Token::Symbol("=")) => Op::Eq,
            (2, Token::Symbol("!=")) => Op::Ne,
            (2, Token::Symbol("<")) => Op::Lt,
            (2, Token::Symbol("<=")) => Op::Le,
            (2, Token::Symbol(">")) => Op::Gt,
            (2, Token::Symbol(">=")) => Op::Ge,
            (3, Token::Symbol("+")) => Op::Add,
            (3, Token::Symbol("-")) => Op::Sub,
            (4, Token::Symbol("*")) => Op::Mul,
            (4, Token::Symbol("/")) => Op::Div,
            (5, Token::Symbol("**")) => Op::Pow,
            _ => return None,
        })
    }

    /// Precedence climbing: operators of `level` and tighter. Comparison is level 2.
    fn binary(&mut self, level: u8) -> Parsed<Node> {
        let start = self.span().start;
        let mut left = self.unary()?;
        loop {
            let found = (level..=5).rev().find_map(|tight| Some((tight, self.operator(tight)?)));
            if let Some((tight, op)) = found {
                self.advance();
                let right = self.binary(tight + 1)?;
                let depth = 1 + left.depth.max(right.depth);
                left = self.node(start, depth, Kind::Binary(op, left.into(), right.into()))?;
            } else if level <= 2 && (self.is_word("between") || self.is_word("in")) {
                left = self.membership(start, left)?;
            } else {
                return Ok(left);
            }
        }
    }

    /// `x between a and b`, `x in tests`.
    fn membership(&mut self, start: usize, value: Node) -> Parsed<Node> {
        if self.word("between") {
            let low = self.binary(3)?;
            self.require_word("and")?;
            let high = self.binary(3)?;
            let depth = 1 + value.depth.max(low.depth).max(high.depth);
            return self.node(start, depth, Kind::Between(value.into(), low.into(), high.into()));
        }
        self.require_word("in")?;
        let tests = self.tests()?;
        let deepest = depth_of(tests.iter().map(|test| match test {
            Test::Compare(_, node) | Test::Value(node) => node,
        }));
        self.node(start, 1 + value.depth.max(deepest), Kind::In(value.into(), tests))
    }

    /// What follows `in`: one test, or several in parentheses.
    fn tests(&mut self) -> Parsed<Vec<Test>> {
        let several = matches!(self.token(), Token::Symbol("(")) && !self.is_open_range();
        if !several {
            return Ok(vec![self.test()?]);
        }
        self.advance();
        let mut tests = vec![self.test()?];
        while self.eat(",") {
            tests.push(self.test()?);
        }
        self.require(")")?;
        Ok(tests)
    }

    fn test(&mut self) -> Parsed<Test> {
        match self.operator(2) {
            Some(op) => {
                self.advance();
                Ok(Test::Compare(op, self.binary(3)?))
            }
            None => Ok(Test::Value(self.binary(3)?)),
        }
    }

    /// Whether `(` begins a range like `(1..5]`: a `..` stands before its closing bracket.
    fn is_open_range(&self) -> bool {
        let mut level = 0_i32;
        for (token, _) in &self.tokens[self.at..] {
            match token {
                Token::Symbol("(" | "[" | "{") => level += 1,
                Token::Symbol(")" | "]" | "}") => {
                    level -= 1;
                    if level <= 0 {
                        return false;
                    }
                }
                Token::Symbol("..") if level == 1 => return true,
                _ => {}
            }
        }
        false
    }

    fn unary(&mut self) -> Parsed<Node> {
        let start = self.span().start;
        if self.eat("-") {
            self.depth += 1;
            if self.depth > NESTING_MAX {
                return Err(too_deep(self.span()));
            }
            let operand = self.unary()?;
            self.depth -= 1;
            return self.node(start, 1 + operand.depth, Kind::Negate(operand.into()));
        }
        let mut node = self.primary()?;
        loop {
            if self.eat(".") {
                let name = match self.token() {
                    Token::Name(name) | Token::Quoted(name) => Arc::from(name.as_str()),
                    _ => return Err(self.expected("the name of an entry")),
                };
                self.advance();
                node = self.node(start, 1 + node.depth, Kind::Path(node.into(), name))?;
            } else if self.eat("[") {
                let filter = self.expression()?;
                self.require("]")?;
                let depth = 1 + node.depth.max(filter.depth);
                node = self.node(start, depth, Kind::Filter(node.into(), filter.into()))?;
            } else {
                return Ok(node);
            }
        }
    }

    fn primary(&mut self) -> Parsed<Node> {
        let start = self.span().start;
        match self.token().clone() {
            Token::Number(text) => {
                let number =
                    Number::parse(&text).ok_or_else(|| self.expected("a number in range"))?;
                self.literal(Value::Number(number))
            }
            Token::String(text) => self.literal(Value::text(text)),
            Token::At(text) => match at_literal(&text) {
                Some(value) => self.literal(value),
                None => Err(self.expected("a date, time or duration in ISO-8601 after @")),
            },
            Token::Symbol("(") if self.is_open_range() => self.range(start),
            Token::Symbol("(") => {
                self.advance();
                let inner = self.expression()?;
                self.require(")")?;
                Ok(inner)
            }
            Token::Symbol("[" | "]") => self.list_or_range(start),
            Token::Symbol("{") => self.context(start),
            Token::Quoted(_) => self.variable(start),
            Token::Name(name) => match name.as_str() {
                "true" => self.literal(Value::Bool(true)),
                "false" => self.literal(Value::Bool(false)),
                "null" => self.literal(Value::Null),
                "if" | "for" | "some" | "every" => self.expression(),
                _ => self.call_or_name(start),
            },
            Token::Symbol(_) | Token::End => Err(self.expected("a value")),
        }
    }

    fn literal(&mut self, value: Value) -> Parsed<Node> {
        let start = self.span().start;
        self.advance();
        self.node(start, 1, Kind::Literal(value))
    }

    fn list_or_range(&mut self, start: usize) -> Parsed<Node> {
        if self.is_open_range() || matches!(self.token(), Token::Symbol("]")) {
            return self.range(start);
        }
        self.advance();
        let items = self.items("]")?;
        self.node(start, 1 + depth_of(items.iter()), Kind::List(items))
    }

    fn range(&mut self, start: usize) -> Parsed<Node> {
        let low_open = !matches!(self.token(), Token::Symbol("["));
        self.advance();
        let low = self.binary(3)?;
        self.require("..")?;
        let high = self.binary(3)?;
        let high_open = !self.eat("]");
        if high_open && !self.eat(")") && !self.eat("[") {
            return Err(self.expected("`]` or `)` at the end of the range"));
        }
        let depth = 1 + low.depth.max(high.depth);
        self.node(
            start,
            depth,
            Kind::Range { low_open, low: low.into(), high: high.into(), high_open },
        )
    }

    fn items(&mut self, close: &str) -> Parsed<Vec<Node>> {
        let mut items = Vec::new();
        if self.eat(close) {
            return Ok(items);
        }
        loop {
            items.push(self.expression()?);
            if self.eat(close) {
                return Ok(items);
            }
            if !self.eat(",") {
                return Err(self.expected(&format!("`,` or `{close}`")));
            }
        }
    }

    fn context(&mut self, start: usize) -> Parsed<Node> {
        self.advance();
        let mut entries = Vec::new();
        while !self.eat("}") {
            if !entries.is_empty() && !self.eat(",") {
                return Err(self.expected("`,` or `}`"));
            }
            let name: Arc<str> = match self.token() {
                Token::Name(name) | Token::Quoted(name) | Token::String(name) => {
                    name.as_str().into()
                }
                _ => return Err(self.expected("the name of an entry")),
            };
            self.advance();
            self.require(":")?;
            entries.push((name, self.expression()?));
        }
        let depth = 1 + depth_of(entries.iter().map(|(_, node)| node));
        self.node(start, depth, Kind::Context(entries))
    }

    /// A function's name may have spaces: words are joined as long as that leads to `(`.
    fn call_or_name(&mut self, start: usize) -> Parsed<Node> {
        let mut words = String::new();
        let mut next = self.at;
        while let (Token::Name(word), _) = &self.tokens[next] {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
            next += 1;
            if matches!(self.tokens[next].0, Token::Symbol("(")) {
                let span = start..self.tokens[next].1.start;
                let named = Builtin::named(&words);
                // `a and (b)`: the words before `(` are no name, so the first is a variable.
                if named.is_err() && words.split(' ').any(|word| KEYWORDS.contains(&word)) {
                    break;
                }
                let refused = |message| Diagnostic { span: span.clone(), message, help: None };
                let builtin = named.map_err(refused)?;
                self.at = next + 1;
                let arguments = self.items(")")?;
                builtin.check_count(arguments.len()).map_err(refused)?;
                return self.node(
                    start,
                    1 + depth_of(arguments.iter()),
                    Kind::Call(builtin, arguments),
                );
            }
        }
        self.variable(start)
    }

    fn variable(&mut self, start: usize) -> Parsed<Node> {
        let name = self.name()?;
        let slot = self.names.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.names.push(name.clone());
            self.names.len() - 1
        });
        self.node(start, 1, Kind::Name { name, slot })
    }
}

fn depth_of<'a>(nodes: impl Iterator<Item = &'a Node>) -> u32 {
    nodes.map(|node| node.depth).max().unwrap_or(0)
}

fn too_deep(span: Range<usize>) -> Diagnostic {
    Diagnostic {
        span,
        message: format!(
            "the expression is nested too deep: at most {NESTING_MAX} brackets and {TREE_DEPTH_MAX} operations in each other"
        ),
        help: Some("split it into several mappings".into()),
    }
}

pub(crate) fn at_literal(text: &str) -> Option<Value> {
    temporal::parse_duration(text)
        .map(Value::Duration)
        .or_else(|| Moment::parse(text).map(Value::Moment))
}
