//! Calls: FEEL's own functions are chosen and checked now, others when they are called.

use std::sync::Arc;

use super::Compiler;
use crate::Diagnostic;
use crate::code::{BuiltinCall, Call, Code, Kind};
use crate::functions::{self, Builtin};
use crate::syntax::Parsed;
use crate::syntax::ast::{Kind as Tree, Node, Span};
use crate::value::Value;

impl Compiler<'_> {
    pub(super) fn call(&mut self, span: Span, function: &Node, arguments: &[Node]) -> Parsed<Code> {
        let (callee, builtin) = self.callee(function)?;
        let arguments = self.all(arguments)?;
        let Some(callee) = callee else {
            // Either there is a callee, or the name is one of ours.
            let Some(builtin) = builtin else { return Err(self.no_function(function)) };
            let form = builtin.form_of(arguments.len()).ok_or_else(|| Diagnostic {
                span: span.range(),
                message: format!(
                    "`{}` takes {}, but found {}",
                    builtin.name,
                    builtin.signature(),
                    counted(arguments.len())
                ),
                help: None,
            })?;
            return Ok(builtin_call(span, builtin, form, arguments));
        };
        let call = Call { function: callee, arguments, names: None, otherwise: builtin };
        Ok(Code { span, kind: Kind::Call(Box::new(call)) })
    }

    pub(super) fn call_named(
        &mut self,
        span: Span,
        function: &Node,
        arguments: &[(Arc<str>, Node)],
    ) -> Parsed<Code> {
        let (callee, builtin) = self.callee(function)?;
        if let Some(callee) = callee {
            let mut names = Vec::with_capacity(arguments.len());
            let mut values = Vec::with_capacity(arguments.len());
            for (name, value) in arguments {
                names.push(name.clone());
                values.push(self.node(value)?);
            }
            let call = Call {
                function: callee,
                arguments: values.into(),
                names: Some(names.into()),
                otherwise: None,
            };
            return Ok(Code { span, kind: Kind::Call(Box::new(call)) });
        }
        let Some(builtin) = builtin else { return Err(self.no_function(function)) };
        let names: Vec<&str> = arguments.iter().map(|(name, _)| &**name).collect();
        let (form, places) = builtin.form_named(&names).ok_or_else(|| Diagnostic {
            span: span.range(),
            message: format!(
                "`{}` takes {}, but found the arguments {}",
                builtin.name,
                builtin.signature(),
                names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            ),
            help: names.iter().find_map(|name| {
                let known = builtin.parameter_names();
                (!known.contains(name)).then(|| crate::nearest::meant(name, known)).flatten()
            }),
        })?;
        let count = places.iter().map(|place| place + 1).max().unwrap_or(0);
        let mut values: Vec<Code> =
            (0..count).map(|_| Code { span, kind: Kind::Constant(Value::NULL) }).collect();
        for ((_, value), place) in arguments.iter().zip(places) {
            values[place] = self.node(value)?;
        }
        Ok(builtin_call(span, builtin, form, values.into()))
    }

    /// What is called: code whose value is the function, a function of FEEL's own, or both when a
    /// variable has the name of a function.
    fn callee(&mut self, function: &Node) -> Parsed<(Option<Code>, Option<&'static Builtin>)> {
        let Tree::Name(name) = &function.kind else {
            return Ok((Some(self.node(function)?), None));
        };
        let builtin = functions::named(name);
        let declared = builtin.is_none() || !self.environment.open;
        if let Some(code) = self.variable(name, function.span)
            && (declared || !matches!(code.kind, Kind::Global(_)))
        {
            // In the open every name might be a variable; a call of one would be a mistake.
            if self.environment.open
                && matches!(code.kind, Kind::Global(_))
                && !self.environment.variables.contains_key(name)
            {
                return Err(self.no_function(function));
            }
            return Ok((Some(code), builtin));
        }
        if builtin.is_none() { Err(self.no_function(function)) } else { Ok((None, builtin)) }
    }

    fn no_function(&self, function: &Node) -> Diagnostic {
        let name = function.to_string();
        let declared = self.environment.variables.keys().map(|name| &**name);
        let names: Vec<&str> = functions::names().collect();
        let known = names.iter().copied().chain(declared);
        Diagnostic {
            span: function.span.range(),
            message: format!("there is no function `{}`", name.trim_matches('`')),
            help: crate::nearest::meant(&name, known),
        }
    }
}

fn builtin_call(span: Span, builtin: &'static Builtin, form: u8, arguments: Box<[Code]>) -> Code {
    if let Some(value) = super::fold::constructed(builtin, form, &arguments) {
        return Code { span, kind: Kind::Constant(value) };
    }
    let kind = if builtin.name == "is defined" {
        // It takes one argument, which was counted.
        let mut arguments = arguments.into_vec();
        arguments.pop().map_or(Kind::Constant(Value::NULL), |one| Kind::IsDefined(Box::new(one)))
    } else {
        let pattern = functions::pattern_of(builtin, &arguments);
        Kind::Builtin(Box::new(BuiltinCall { builtin, form, arguments, pattern }))
    };
    Code { span, kind }
}

fn counted(count: usize) -> String {
    match count {
        0 => "none".into(),
        1 => "1 argument".into(),
        count => format!("{count} arguments"),
    }
}
