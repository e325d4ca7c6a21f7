//! Property: what a tree prints parses to the same tree.

use std::sync::Arc;

use super::ast::{Binding, Kind, Node, Op, RangeNode, Span, TypeNode};
use super::names::Known;
use super::{Parser, literal};
use crate::Number;

/// A generator of trees from a seed.
struct Trees(u64);

impl Trees {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % end
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn name(&mut self) -> Arc<str> {
        let names =
            ["a", "order", "x1", "first name", "in", "and", "größe", "a-b", "date and time", "🐎"];
        Arc::from(self.pick(&names))
    }

    fn word(&mut self) -> Arc<str> {
        Arc::from(self.pick(&["a", "order", "x1", "größe", "🐎"]))
    }

    fn node(&mut self, depth: u32) -> Node {
        let kind = if depth == 0 { self.leaf() } else { self.kind(depth - 1) };
        Node { span: Span::default(), depth: 1 + kind.children_depth(), kind }
    }

    fn boxed(&mut self, depth: u32) -> Box<Node> {
        Box::new(self.node(depth))
    }

    fn nodes(&mut self, depth: u32, least: usize) -> Vec<Node> {
        (0..least + self.below(3)).map(|_| self.node(depth)).collect()
    }

    fn leaf(&mut self) -> Kind {
        match self.below(8) {
            0 => Kind::Null,
            1 => Kind::Bool(self.below(2) == 0),
            2 => Kind::Number(Number::from(i64::try_from(self.below(100_000)).unwrap_or(0))),
            3 => {
                let fraction = format!("{}.{:03}", self.below(50), self.below(1_000));
                Kind::Number(Number::parse(&fraction).unwrap_or(Number::ZERO))
            }
            4 => Kind::String(Arc::from(self.pick(&[
                "",
                "text",
                "a \"b\" \\ c",
                "tab\tend\n",
                "🐎",
            ]))),
            5 => {
                let text = self.pick(&["2026-11-23", "P1Y", "-PT2H", "10:00:00@Europe/Paris"]);
                Kind::At(text.into(), literal::at(text).expect(text))
            }
            6 => Kind::Input,
            _ => Kind::Name(self.name()),
        }
    }

    fn tests(&mut self, depth: u32) -> Vec<Node> {
        let mut tests = self.nodes(depth, 1);
        if self.below(2) == 0 {
            let op = self.pick(&[Op::Lt, Op::Le, Op::Gt, Op::Ge, Op::Eq, Op::Ne]);
            let kind = Kind::Test(op, self.boxed(depth));
            tests.push(Node { span: Span::default(), depth: 1 + kind.children_depth(), kind });
        }
        tests
    }

    fn bindings(&mut self, depth: u32) -> Vec<Binding> {
        (0..=self.below(2))
            .map(|_| Binding {
                name: self.word(),
                of: self.node(depth),
                to: (self.below(3) == 0).then(|| self.node(depth)),
            })
            .collect()
    }

    fn of_type(&mut self, depth: u32) -> TypeNode {
        let names =
            ["number", "string", "date and time", "days and time duration", "tOrder", "m.tOrder"];
        match if depth == 0 { 0 } else { self.below(5) } {
            1 => TypeNode::List(Box::new(self.of_type(depth - 1))),
            2 => TypeNode::Range(Box::new(self.of_type(depth - 1))),
            3 => TypeNode::Context(vec![(self.word(), self.of_type(depth - 1))]),
            4 => {
                TypeNode::Function(vec![self.of_type(depth - 1)], Box::new(self.of_type(depth - 1)))
            }
            _ => TypeNode::Named(Span::default(), Arc::from(self.pick(&names))),
        }
    }

    fn kind(&mut self, depth: u32) -> Kind {
        match self.below(19) {
            0 => self.leaf(),
            1 => Kind::List(self.nodes(depth, 0)),
            2 => {
                let names = [self.name(), "second".into()];
                Kind::Context(names.into_iter().map(|name| (name, self.node(depth))).collect())
            }
            3 => Kind::Range(Box::new(self.range(depth))),
            4 => Kind::Path(self.boxed(depth), self.name()),
            5 => Kind::Filter(self.boxed(depth), self.boxed(depth)),
            6 => Kind::Negate(self.boxed(depth)),
            7 => {
                let level =
                    self.pick(&[[Op::Add, Op::Sub], [Op::Mul, Op::Div], [Op::Pow, Op::Pow]]);
                let first = self.boxed(depth);
                let count = 1 + self.below(3);
                let rest = (0..count).map(|_| (self.pick(&level), self.node(depth))).collect();
                Kind::Arithmetic(first, rest)
            }
            8 => {
                let op = self.pick(&[Op::Lt, Op::Le, Op::Gt, Op::Ge, Op::Eq, Op::Ne]);
                Kind::Compare(op, self.boxed(depth), self.boxed(depth))
            }
            9 => Kind::And(self.nodes(depth, 2)),
            10 => Kind::Or(self.nodes(depth, 2)),
            11 => Kind::Between(self.boxed(depth), self.boxed(depth), self.boxed(depth)),
            12 => Kind::In(self.boxed(depth), self.tests(depth)),
            13 => Kind::InstanceOf(self.boxed(depth), self.of_type(2)),
            14 => Kind::If(self.boxed(depth), self.boxed(depth), self.boxed(depth)),
            15 => Kind::For(self.bindings(depth), self.boxed(depth)),
            16 => Kind::Quantified {
                every: self.below(2) == 0,
                bindings: self.bindings(depth),
                condition: self.boxed(depth),
            },
            17 => Kind::Function {
                parameters: vec![(self.word(), Some(self.of_type(1))), ("other".into(), None)],
                body: self.boxed(depth),
                external: self.below(4) == 0,
            },
            _ => {
                let function = self.boxed(depth);
                if self.below(2) == 0 {
                    Kind::Call(function, self.nodes(depth, 0))
                } else {
                    Kind::CallNamed(function, vec![(self.word(), self.node(depth))])
                }
            }
        }
    }

    fn range(&mut self, depth: u32) -> RangeNode {
        let (low_included, high_included) = (self.below(2) == 0, self.below(2) == 0);
        let (low, high) = (Some(self.node(depth)), Some(self.node(depth)));
        let equal = false;
        match self.below(5) {
            0 => RangeNode { equal, low: None, low_included: false, high, high_included },
            1 => RangeNode { equal, low, low_included, high: None, high_included: false },
            2 => {
                RangeNode { equal: true, low, low_included: true, high: None, high_included: true }
            }
            _ => RangeNode { equal, low, low_included, high, high_included },
        }
    }
}

#[test]
fn what_a_tree_prints_parses_to_the_same_tree() {
    // A name of several words is printed in backticks, so nothing needs to be known; types do.
    let types = [Arc::from("m.tOrder")];
    for seed in 0..20_000 {
        let mut trees = Trees(seed);
        let depth = u32::try_from(trees.below(4)).unwrap_or(0);
        let tree = trees.node(depth);
        let text = tree.to_string();
        let read =
            Parser::new(&text, Known::default(), &types).and_then(|mut parser| parser.whole());
        let read = read.unwrap_or_else(|error| panic!("seed {seed}: {error} in {text}"));
        assert_eq!(read, tree, "seed {seed}: {text}");
    }
}
