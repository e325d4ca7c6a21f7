//! Syntax: text to a tree and back.

pub(crate) mod ast;
mod lexer;
mod lists;
mod literal;
pub(crate) mod names;
mod parser;
mod primary;
pub(crate) mod print;
#[cfg(test)]
mod round_trip;
mod tests;
mod types;

pub(crate) use literal::value_of;
pub(crate) use names::is_plain_name;
pub(crate) use parser::{Parsed, Parser};
