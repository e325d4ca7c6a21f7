//! Unary tests: what stands in an input entry of a decision table, and behind `in`.

use super::ast::{Kind, Node, Op, RangeNode, Span};
use super::lexer::Token;
use super::parser::{Parsed, Parser};

impl Parser<'_> {
    /// The whole text as unary tests: `-`, `not(...)`, or tests with commas between.
    pub fn whole_tests(&mut self) -> Parsed<Vec<Node>> {
        let start = self.span;
        if self.is("-") && self.following()? == Token::End {
            self.advance()?;
            return Ok(vec![self.node(start, Kind::Any)?]);
        }
        if self.is_word("not") && self.following()? == Token::Symbol("(") {
            self.advance()?;
            self.advance()?;
            let tests = self.tests(")")?;
            self.require(")")?;
            if self.token == Token::End {
                return Ok(vec![self.node(start, Kind::Not(tests))?]);
            }
            // `not(a) and b`: an expression after all.
            self.jump(start.start as usize)?;
        }
        let tests = self.tests("")?;
        self.end()?;
        Ok(tests)
    }

    fn tests(&mut self, close: &str) -> Parsed<Vec<Node>> {
        let mut tests = vec![self.test()?];
        while !self.is(close) && self.eat(",")? {
            tests.push(self.test()?);
        }
        Ok(tests)
    }

    fn test(&mut self) -> Parsed<Node> {
        let start = self.span;
        let Some(op) = self.comparison_operator() else { return self.expression() };
        self.advance()?;
        let operand = Box::new(self.nested(Self::additive)?);
        self.node(start, Kind::Test(op, operand))
    }

    /// What stands behind `in`: one test, or several in parentheses.
    pub(super) fn tests_of_in(&mut self) -> Parsed<Vec<Node>> {
        let start = self.span;
        if !self.is("(") {
            return Ok(vec![self.one_test_of_in(start)?]);
        }
        self.advance()?;
        let high_ends = std::mem::take(&mut self.high_ends);
        let read = self.inside_in(start);
        self.high_ends = high_ends;
        read
    }

    fn one_test_of_in(&mut self, start: Span) -> Parsed<Node> {
        let Some(op) = self.comparison_operator() else { return self.additive() };
        self.advance()?;
        let operand = Box::new(self.additive()?);
        self.node(start, Kind::Test(op, operand))
    }

    fn inside_in(&mut self, start: Span) -> Parsed<Vec<Node>> {
        let first = self.test()?;
        if self.eat("..")? {
            return Ok(vec![self.range_from(start, false, first)?]);
        }
        let mut tests = vec![first];
        while self.eat(",")? {
            tests.push(self.test()?);
        }
        self.require(")")?;
        Ok(tests)
    }

    /// `< 5` in parentheses where a value stands: a range with one end.
    pub(super) fn half_range(&mut self) -> Parsed<Kind> {
        let Some(op) = self.comparison_operator() else { return Err(self.expected("`<` or `>`")) };
        self.advance()?;
        let end = self.additive()?;
        let (low, low_included, high, high_included) = match op {
            Op::Lt => (None, false, Some(end), false),
            Op::Le => (None, false, Some(end), true),
            Op::Gt => (Some(end), false, None, false),
            Op::Ge => (Some(end), true, None, false),
            Op::Eq => (Some(end), true, None, true),
            Op::Ne | Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Pow => {
                return Ok(Kind::Test(op, Box::new(end)));
            }
        };
        let equal = op == Op::Eq;
        Ok(Kind::Range(Box::new(RangeNode { equal, low, low_included, high, high_included })))
    }
}
