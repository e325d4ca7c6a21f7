//! Functions that models define, as FEEL calls them.

use std::sync::Arc;

use feel::{Callable, Context, Function, Machine, Parameter, Type, Value};

use super::{Evaluator, Frame, Run, bindings};
use crate::model::FunctionKind;
use crate::program::{ElementKind, FunctionLogic, Knowledge, Program, Service};

/// A business knowledge model or a decision service as a value; null if it is neither.
/// Where names need not be declared, it sees the variables from outside.
pub(super) fn value(program: &Arc<Program>, element: usize, given: Option<&Arc<Context>>) -> Value {
    let (program, given) = (program.clone(), given.cloned());
    let callable: Arc<dyn Callable> = match &program.elements[element].kind {
        ElementKind::Knowledge(knowledge) => {
            let knowledge = knowledge.clone();
            Arc::new(KnowledgeFunction { program, knowledge, given })
        }
        ElementKind::Service(service) => {
            let service = service.clone();
            Arc::new(ServiceFunction { program, service })
        }
        ElementKind::Input | ElementKind::Decision(_) | ElementKind::Source => return Value::NULL,
    };
    Value::Function(Function::native(callable))
}

#[derive(Debug)]
struct KnowledgeFunction {
    program: Arc<Program>,
    knowledge: Arc<Knowledge>,
    given: Option<Arc<Context>>,
}

impl Callable for KnowledgeFunction {
    fn name(&self) -> &str {
        &self.knowledge.name
    }

    fn parameters(&self) -> &[Parameter] {
        &self.knowledge.function.parameters
    }

    fn result(&self) -> &Type {
        &self.knowledge.result
    }

    fn call(&self, machine: &mut Machine, arguments: Vec<Value>) -> Value {
        let given = self.given.as_ref();
        let bound = bindings(&self.knowledge.scope, |it| value(&self.program, it, given));
        let frame = Frame::new(bound, given);
        let value = body(&self.program, machine, &self.knowledge.function, &frame, arguments);
        self.knowledge.result.coerce(value, machine)
    }
}

#[derive(Debug)]
struct ServiceFunction {
    program: Arc<Program>,
    service: Arc<Service>,
}

impl Callable for ServiceFunction {
    fn name(&self) -> &str {
        &self.service.name
    }

    fn parameters(&self) -> &[Parameter] {
        &self.service.parameters
    }

    fn result(&self) -> &Type {
        &self.service.result
    }

    /// Sees nothing but its arguments (DMN 1.5, 10.4).
    fn call(&self, machine: &mut Machine, arguments: Vec<Value>) -> Value {
        let nothing = Arc::default();
        let value = Run::new(&self.program, machine, &nothing).service(&self.service, arguments);
        self.service.result.coerce(value, machine)
    }
}

/// A boxed function with what it saw where it was defined.
#[derive(Debug)]
struct Closure {
    program: Arc<Program>,
    logic: Arc<FunctionLogic>,
    names: Vec<Arc<str>>,
    /// A list with a value for each name.
    kept: Value,
    /// Variables from outside, where names need not be declared.
    given: Option<Arc<Context>>,
}

/// A function value that keeps everything that is bound; null if that nests too deep.
pub(super) fn closure(
    program: &Arc<Program>,
    logic: &Arc<FunctionLogic>,
    frame: &Frame<'_>,
) -> Value {
    let (names, values): (Vec<_>, Vec<_>) = frame.all().into_iter().unzip();
    let kept = Value::list(values);
    if kept.is_null() {
        return kept;
    }
    let (program, logic, given) = (program.clone(), logic.clone(), frame.given().cloned());
    Value::Function(Function::native(Arc::new(Closure { program, logic, names, kept, given })))
}

impl Callable for Closure {
    fn name(&self) -> &'static str {
        "function"
    }

    fn parameters(&self) -> &[Parameter] {
        &self.logic.parameters
    }

    fn result(&self) -> &Type {
        &self.logic.body.of
    }

    fn kept(&self) -> &Value {
        &self.kept
    }

    fn call(&self, machine: &mut Machine, arguments: Vec<Value>) -> Value {
        let values = self.kept.as_list().unwrap_or_default();
        let frame = Frame::kept(&self.names, values, self.given.as_ref());
        body(&self.program, machine, &self.logic, &frame, arguments)
    }
}

fn body(
    program: &Arc<Program>,
    machine: &mut Machine,
    function: &FunctionLogic,
    outer: &Frame<'_>,
    arguments: Vec<Value>,
) -> Value {
    if function.kind != FunctionKind::Feel {
        let message = format!("a function of kind {:?} is not called", function.kind);
        return machine.fail(message, feel::Why::NONE);
    }
    let names = function.parameters.iter().map(|parameter| parameter.name.clone());
    let frame = outer.inner(names.zip(arguments).collect());
    Evaluator::new(program, machine).logic(&function.body, &frame)
}
