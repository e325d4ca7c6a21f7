//! Calls of functions.

use std::sync::Arc;

use super::{Frame, Machine};
use crate::NOTHING;
use crate::code::{BuiltinCall, Call, Code, FunctionCode};
use crate::function::{Function, Kind as FunctionKind, Lambda, Parameter};
use crate::functions::{Args, Builtin};
use crate::notes::Why;
use crate::value::Value;

/// Levels of nesting that a call of a function from outside of FEEL stands for.
const CALL_LEVELS: u32 = 8;

impl Machine {
    /// Calls a function with arguments in the order of its parameters.
    pub fn call(&mut self, function: &Function, arguments: Vec<Value>) -> Value {
        match &function.0 {
            FunctionKind::Builtin(builtin) => match builtin.form_of(arguments.len()) {
                Some(form) => {
                    let answer = (builtin.run)(self, &Args::new(&arguments, form, None));
                    answer.unwrap_or_else(|trouble| {
                        self.fail(format!("`{}` {}", builtin.name, trouble.message), trouble.cause)
                    })
                }
                None => self.fail(
                    format!(
                        "`{}` takes {}, but got {} arguments",
                        builtin.name,
                        builtin.signature(),
                        arguments.len()
                    ),
                    Why::NONE,
                ),
            },
            FunctionKind::Lambda(lambda) => self.lambda(lambda, arguments),
            FunctionKind::Native(callable) => {
                let callable = callable.clone();
                match self.coerced(callable.name(), callable.parameters(), arguments) {
                    Ok(arguments) if self.descend(CALL_LEVELS) => {
                        let value = callable.call(self, arguments);
                        self.leave(CALL_LEVELS);
                        value
                    }
                    Ok(_) => Value::Null(self.exhausted.clone().unwrap_or_default()),
                    Err(null) => null,
                }
            }
        }
    }

    /// Calls a function with arguments under the names of its parameters.
    pub fn call_named(&mut self, function: &Function, arguments: Vec<(Arc<str>, Value)>) -> Value {
        let (names, values): (Vec<_>, Vec<_>) = arguments.into_iter().unzip();
        match Self::by_name(function, &names, values) {
            Ok(values) => self.call(function, values),
            Err(message) => self.fail(message, Why::NONE),
        }
    }

    /// Goes deeper by as many levels of an expression as what comes next takes of the native stack.
    /// False past [`super::DEPTH_MAX`]; else [`Self::leave`] is called after it.
    pub fn descend(&mut self, levels: u32) -> bool {
        if self.depth + levels >= super::DEPTH_MAX {
            return self.exhaust(format!(
                "the evaluation is nested deeper than {} levels",
                super::DEPTH_MAX
            ));
        }
        self.depth += levels;
        true
    }

    /// Comes back from where [`Self::descend`] went.
    pub fn leave(&mut self, levels: u32) {
        self.depth -= levels;
    }

    fn coerced(
        &mut self,
        name: &str,
        parameters: &[Parameter],
        arguments: Vec<Value>,
    ) -> Result<Vec<Value>, Value> {
        if arguments.len() != parameters.len() {
            return Err(self.fail(
                format!(
                    "{name} takes {} arguments ({}), but got {}",
                    parameters.len(),
                    crate::nearest::listed(parameters.iter().map(|parameter| &*parameter.name)),
                    arguments.len()
                ),
                Why::NONE,
            ));
        }
        // A function is not invoked with what does not conform to its parameters (DMN 1.5,
        // 10.3.2.13.2): a null that was made here is the result.
        let typed = parameters.iter().zip(arguments);
        typed
            .map(|(parameter, value)| {
                let was_null = value.is_null();
                let coerced = parameter.of.coerce(value, self);
                if coerced.is_null() && !was_null { Err(coerced) } else { Ok(coerced) }
            })
            .collect()
    }

    fn lambda(&mut self, lambda: &Arc<Lambda>, arguments: Vec<Value>) -> Value {
        let code = &lambda.code;
        let arguments = match self.coerced("the function", &code.parameters, arguments) {
            Ok(arguments) => arguments,
            Err(null) => return null,
        };
        let (base, globals) = (self.stack.len(), self.globals.len());
        self.stack.extend(arguments);
        self.stack.resize(base + code.slots as usize, Value::NULL);
        let frame = Frame {
            base,
            globals,
            names: &[],
            scope: &NOTHING,
            captured: &lambda.captured,
            source: &code.source,
        };
        let value = self.eval(&frame, &code.body);
        self.stack.truncate(base);
        value
    }

    pub(super) fn closure(&mut self, frame: &Frame<'_>, code: &Arc<FunctionCode>) -> Value {
        let captured: Vec<Value> =
            code.captures.iter().map(|capture| self.eval(frame, capture)).collect();
        let depth = captured.iter().map(Value::depth).max().unwrap_or(0) + 1;
        let size = captured.iter().fold(1, |sum: u64, value| sum.saturating_add(value.size()));
        if depth > crate::value::DEPTH_MAX || size > crate::value::SIZE_MAX {
            return Value::Null(Why::TOO_LARGE);
        }
        let lambda = Lambda { code: code.clone(), captured, depth, size };
        Value::Function(Function(FunctionKind::Lambda(Arc::new(lambda))))
    }

    pub(super) fn builtin(&mut self, frame: &Frame<'_>, code: &Code, call: &BuiltinCall) -> Value {
        // Most calls have few arguments: those need no allocation.
        let pattern = call.pattern.as_ref();
        let answer = match &*call.arguments {
            [] => (call.builtin.run)(self, &Args::new(&[], call.form, pattern)),
            [one] => {
                let values = [self.eval(frame, one)];
                (call.builtin.run)(self, &Args::new(&values, call.form, pattern))
            }
            [one, two] => {
                let values = [self.eval(frame, one), self.eval(frame, two)];
                (call.builtin.run)(self, &Args::new(&values, call.form, pattern))
            }
            more => {
                let values: Vec<Value> = more.iter().map(|code| self.eval(frame, code)).collect();
                (call.builtin.run)(self, &Args::new(&values, call.form, pattern))
            }
        };
        match answer {
            Ok(value) => value,
            Err(trouble) => self.null(code.span, trouble.cause, true, || {
                format!("`{}` is null: it {}", Self::text(frame, code), trouble.message)
            }),
        }
    }

    pub(super) fn dynamic_call(&mut self, frame: &Frame<'_>, code: &Code, call: &Call) -> Value {
        let callee = self.eval(frame, &call.function);
        let function = match (callee, call.otherwise) {
            (Value::Function(function), _) => function,
            (_, Some(builtin)) => Function(FunctionKind::Builtin(builtin)),
            (other, None) => {
                return self.null(code.span, other.why(), true, || {
                    format!(
                        "`{}` is null because `{}` is a {}, not a function",
                        Self::text(frame, code),
                        Self::text(frame, &call.function),
                        other.type_name()
                    )
                });
            }
        };
        let arguments: Vec<Value> =
            call.arguments.iter().map(|argument| self.eval(frame, argument)).collect();
        let Some(names) = &call.names else { return self.call(&function, arguments) };
        match Self::by_name(&function, names, arguments) {
            Ok(arguments) => self.call(&function, arguments),
            Err(message) => self.null(code.span, Why::NONE, true, || message),
        }
    }

    /// The arguments in the order of the parameters.
    fn by_name(
        function: &Function,
        names: &[Arc<str>],
        arguments: Vec<Value>,
    ) -> Result<Vec<Value>, String> {
        let parameters = match &function.0 {
            FunctionKind::Builtin(builtin) => {
                return Self::by_name_builtin(builtin, names, arguments);
            }
            FunctionKind::Lambda(lambda) => &lambda.code.parameters[..],
            FunctionKind::Native(callable) => callable.parameters(),
        };
        let known = || parameters.iter().map(|parameter| &*parameter.name);
        let mut ordered: Vec<Option<Value>> = vec![None; parameters.len()];
        for (name, value) in names.iter().zip(arguments) {
            let Some(at) = known().position(|parameter| *parameter == **name) else {
                let help = crate::nearest::meant(name, known()).unwrap_or_default();
                return Err(format!("{function} has no parameter `{name}`; {help}"));
            };
            ordered[at] = Some(value);
        }
        if ordered.iter().any(Option::is_none) {
            return Err(format!(
                "{function} takes {}, but only {} are given",
                crate::nearest::listed(known()),
                crate::nearest::listed(names.iter().map(|name| &**name))
            ));
        }
        Ok(ordered.into_iter().flatten().collect())
    }

    fn by_name_builtin(
        builtin: &Builtin,
        names: &[Arc<str>],
        arguments: Vec<Value>,
    ) -> Result<Vec<Value>, String> {
        let names: Vec<&str> = names.iter().map(|name| &**name).collect();
        let Some((_, places)) = builtin.form_named(&names) else {
            return Err(format!("`{}` takes {}", builtin.name, builtin.signature()));
        };
        let count = places.iter().map(|place| place + 1).max().unwrap_or(0);
        let mut ordered = vec![Value::NULL; count];
        for (place, value) in places.into_iter().zip(arguments) {
            ordered[place] = value;
        }
        Ok(ordered)
    }
}
