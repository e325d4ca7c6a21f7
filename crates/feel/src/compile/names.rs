//! Where a name's value is: a slot, what a function took with it, the outside.

use std::sync::Arc;

use super::Compiler;
use crate::Diagnostic;
use crate::code::{Code, Kind};
use crate::function::{Function, Kind as FunctionKind};
use crate::functions;
use crate::syntax::Parsed;
use crate::syntax::ast::Span;
use crate::value::Value;

/// One function's frame while it is compiled; the outermost one is the expression's.
#[derive(Default)]
pub(super) struct Unit {
    scope: Vec<Scoped>,
    next_slot: u32,
    pub slots_max: u32,
    /// What the function takes with it, computed where it is made.
    pub captures: Vec<Code>,
    captured: Vec<Arc<str>>,
    /// Slots that somebody asked for.
    used: Vec<u32>,
    /// `?` was asked for.
    pub input_asked: bool,
}

enum Scoped {
    Variable(Arc<str>, u32),
    /// From here outwards to here inwards, entries of this slot's item are names too.
    Item(u32),
}

pub(super) struct Mark {
    scope: usize,
    slot: u32,
}

impl Unit {
    pub fn mark(&self) -> Mark {
        Mark { scope: self.scope.len(), slot: self.next_slot }
    }

    pub fn forget(&mut self, mark: &Mark) {
        self.scope.truncate(mark.scope);
        self.used.retain(|slot| *slot < mark.slot);
        self.next_slot = mark.slot;
    }

    pub fn declare(&mut self, name: Arc<str>) -> u32 {
        let slot = self.next_slot;
        self.next_slot += 1;
        self.slots_max = self.slots_max.max(self.next_slot);
        self.scope.push(Scoped::Variable(name, slot));
        slot
    }

    pub fn declare_item(&mut self, slot: u32) {
        self.scope.push(Scoped::Item(slot));
    }

    pub fn asked(&self, slot: u32) -> bool {
        self.used.contains(&slot)
    }

    /// The slot of a name, and the items of the filters on the way to it, innermost first.
    fn find(&self, name: &str) -> (Option<u32>, Vec<u32>) {
        let mut items = Vec::new();
        for scoped in self.scope.iter().rev() {
            match scoped {
                Scoped::Variable(known, slot) if **known == *name => return (Some(*slot), items),
                Scoped::Variable(..) => {}
                Scoped::Item(slot) => items.push(*slot),
            }
        }
        (None, items)
    }
}

/// What a name stands for, short of being missing.
enum Found {
    Code(Code),
    /// Only the entries of a filter's items might have it.
    Entries(Code),
}

impl Compiler<'_> {
    pub(super) fn name(&mut self, name: &Arc<str>, span: Span) -> Parsed<Code> {
        match self.find(self.units.len() - 1, name, span) {
            Some(Found::Code(code) | Found::Entries(code)) => Ok(code),
            None => match functions::named(name) {
                Some(builtin) => {
                    let function = Function(FunctionKind::Builtin(builtin));
                    Ok(Code { span, kind: Kind::Constant(Value::Function(function)) })
                }
                None => Err(self.unknown(name, span)),
            },
        }
    }

    /// The value under test: a variable that the outside gives, or the one of the tests.
    pub(super) fn input(&mut self, span: Span) -> Parsed<Code> {
        self.units.iter_mut().for_each(|unit| unit.input_asked = true);
        match self.find(self.units.len() - 1, &Arc::from("?"), span) {
            Some(Found::Code(code) | Found::Entries(code)) => Ok(code),
            None => Err(Diagnostic {
                span: span.range(),
                message: "`?` stands for the value that is tested, and there is none here".into(),
                help: Some("name the variable".into()),
            }),
        }
    }

    /// Declares `?` in the outermost frame: its first slot.
    pub fn declare_input(&mut self) -> u32 {
        self.unit().declare("?".into())
    }

    /// A variable whose value may be a function, for calls.
    pub(super) fn variable(&mut self, name: &Arc<str>, span: Span) -> Option<Code> {
        match self.find(self.units.len() - 1, name, span) {
            Some(Found::Code(code)) => Some(code),
            Some(Found::Entries(code)) => functions::named(name).is_none().then_some(code),
            None => None,
        }
    }

    fn find(&mut self, unit: usize, name: &Arc<str>, span: Span) -> Option<Found> {
        let (slot, items) = self.units[unit].find(name);
        if let Some(slot) = slot {
            self.units[unit].used.push(slot);
        }
        let base = match slot {
            Some(slot) => Some(Code { span, kind: Kind::Local(slot) }),
            None if unit == 0 => self.global(name, span),
            None => self.capture(unit, name, span),
        };
        if items.is_empty() {
            return base.map(Found::Code);
        }
        let items = items.into_iter().map(|slot| Code { span, kind: Kind::Local(slot) }).collect();
        let known = base.is_some();
        let otherwise = Box::new(base.unwrap_or_else(|| self.outside(name, span)));
        let code = Code { span, kind: Kind::Entry { items, name: name.clone(), otherwise } };
        Some(if known { Found::Code(code) } else { Found::Entries(code) })
    }

    fn capture(&mut self, unit: usize, name: &Arc<str>, span: Span) -> Option<Code> {
        let known = self.units[unit].captured.iter().position(|known| known == name);
        let at = if let Some(at) = known {
            at
        } else {
            let (Found::Code(code) | Found::Entries(code)) = self.find(unit - 1, name, span)?;
            let unit = &mut self.units[unit];
            unit.captures.push(code);
            unit.captured.push(name.clone());
            unit.captures.len() - 1
        };
        // As many as the text has names.
        Some(Code { span, kind: Kind::Captured(u32::try_from(at).unwrap_or(u32::MAX)) })
    }

    fn global(&mut self, name: &Arc<str>, span: Span) -> Option<Code> {
        let declared = self.environment.variables.contains_key(name);
        let open = self.environment.open && **name != *"?";
        (declared || open).then(|| self.outside(name, span))
    }

    fn outside(&mut self, name: &Arc<str>, span: Span) -> Code {
        let at = self.globals.iter().position(|known| known == name).unwrap_or_else(|| {
            self.globals.push(name.clone());
            self.globals.len() - 1
        });
        // As many as the text has names.
        Code { span, kind: Kind::Global(u32::try_from(at).unwrap_or(u32::MAX)) }
    }

    fn unknown(&self, name: &str, span: Span) -> Diagnostic {
        let variables = self.environment.variables.keys().map(|name| &**name);
        let scoped =
            self.units.iter().flat_map(|unit| &unit.scope).filter_map(|scoped| match scoped {
                Scoped::Variable(name, _) => Some(&**name),
                Scoped::Item(_) => None,
            });
        Diagnostic {
            span: span.range(),
            message: format!("there is no variable `{name}`"),
            help: crate::nearest::meant(name, variables.chain(scoped)),
        }
    }
}
