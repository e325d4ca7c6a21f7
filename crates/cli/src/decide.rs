//! `fermata decide`: evaluates a decision of a file, and says how it came about.
//!
//! In:  a DMN file, the name of a decision, variables as JSON.
//! Out: its output; of every decision on the way the inputs, the rules that matched, the reasons.
//! Absent: a server; which version is deployed.

use std::path::PathBuf;
use std::process::ExitCode;

use dmn::{DecisionKind, Definitions, EvaluatedDecision, Evaluation};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::failure::{Failure, NO};
use crate::input::given;
use crate::models::ModelFile;
use crate::screen::{BAD, BOLD, Cell, Column, DIM, GOOD, Screen, Table, clean, put, spoken};
use crate::screen::{styled, wrap};

pub(crate) const HELP: &str = "Examples:
  fermata decide discount.dmn --decision discount \\
    --input '{\"customer\": {\"kind\": \"business\"}, \"total\": 1200}'
  fermata decide discount.dmn --decision discount --input @order.json
  fermata decide discount.dmn --decision discount --input - --json

No server is asked. A file with one decision needs no --decision.

Exit codes: 0 evaluated, 1 the model is refused, has no such decision, or the
evaluation failed, 2 wrong call, or a file cannot be read";

/// What is evaluated.
#[derive(Debug, clap::Args)]
pub(crate) struct DecideArgs {
    /// A DMN file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Id or name of a decision in it
    #[arg(long, value_name = "ID")]
    decision: Option<String>,
    /// A DMN file that it imports; without it those beside FILE are looked through
    #[arg(long, value_name = "FILE")]
    import: Vec<PathBuf>,
    /// A JSON object, or @FILE, or - for standard input
    #[arg(long, value_name = "JSON", default_value = "{}")]
    input: String,
    /// As --output json
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &DecideArgs, json: bool) -> ExitCode {
    match decide(args, json || args.json) {
        Ok(code) => code,
        Err(failure) => failure.tell(),
    }
}

fn decide(args: &DecideArgs, json: bool) -> Result<ExitCode, Failure> {
    let file = ModelFile::read(&args.file)?;
    let others = if args.import.is_empty() { file.others(&[]) } else { file.among(&args.import) };
    let graph = file.decisions(&others).map_err(|findings| {
        let findings: String =
            findings.iter().map(|finding| file.shown(&others, finding)).collect();
        Failure::no(format!("the model is refused:\n{}", findings.trim_end()))
    })?;
    let decision = chosen(args, &graph)?;
    let input = given("--input", &args.input)?;
    let variables = feel::Value::from_json(input.get())
        .map_err(|why| Failure::wrong_call(format!("the input cannot be read: {why}")))?;
    let ms = Timestamp::now().as_millisecond();
    let now = feel::Now { ms, seed: ms.unsigned_abs() };
    let evaluation = graph.evaluate(&decision, &variables, now);
    let code = if evaluation.failure.is_some() { NO } else { 0 };
    if json {
        put(&format!("{}\n", document(&decision, &evaluation)?))?;
    } else {
        let mut screen = Screen::new();
        page(&decision, &evaluation, &mut screen);
        screen.show()?;
    }
    Ok(ExitCode::from(code))
}

/// The id of the decision that is asked for, or of the only one.
fn chosen(args: &DecideArgs, graph: &Definitions) -> Result<String, Failure> {
    let known: Vec<_> = graph.decisions().map(|decision| format!("`{}`", decision.id)).collect();
    let known = known.join(", ");
    let file = args.file.display();
    if let Some(asked) = &args.decision {
        let found = graph.decision(asked).map(|decision| decision.id.clone());
        return found.ok_or_else(|| {
            let why = format!("expected a decision of {file}, but found `{asked}`; it has {known}");
            Failure::no(why)
        });
    }
    let mut decisions = graph.decisions();
    match (decisions.next(), decisions.next()) {
        (Some(only), None) => Ok(only.id.clone()),
        (None | Some(_), _) => Err(Failure::wrong_call(format!(
            "expected --decision to name one of {known}, for {file} has several"
        ))),
    }
}

/// A value word for word: decimals are not rounded.
fn raw(value: &feel::Value) -> Result<Box<RawValue>, Failure> {
    RawValue::from_string(value.to_json())
        .map_err(|error| Failure::no(format!("a value cannot be written as JSON: {error}")))
}

/// The JSON of an evaluation.
#[derive(Serialize)]
struct Shown<'a> {
    decision: &'a str,
    output: Box<RawValue>,
    failure: Option<ShownFailure<'a>>,
    decisions: Vec<ShownDecision<'a>>,
}

#[derive(Serialize)]
struct ShownFailure<'a> {
    decision: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct ShownDecision<'a> {
    id: &'a str,
    name: &'a str,
    r#type: &'static str,
    output: Box<RawValue>,
    inputs: Vec<ShownValue<'a>>,
    rules: Vec<ShownRule<'a>>,
    reasons: &'a [String],
}

#[derive(Serialize)]
struct ShownRule<'a> {
    id: &'a str,
    index: u32,
    outputs: Vec<ShownValue<'a>>,
}

#[derive(Serialize)]
struct ShownValue<'a> {
    id: &'a str,
    name: &'a str,
    value: Box<RawValue>,
}

fn document(decision: &str, evaluation: &Evaluation) -> Result<String, Failure> {
    let decisions = evaluation.decisions.iter().map(shown_decision);
    let shown = Shown {
        decision,
        output: raw(&evaluation.output)?,
        failure: evaluation
            .failure
            .as_ref()
            .map(|why| ShownFailure { decision: &why.decision_id, message: &why.message }),
        decisions: decisions.collect::<Result<_, _>>()?,
    };
    serde_json::to_string(&shown).map_err(|error| Failure::no(error.to_string()))
}

fn shown_decision(one: &EvaluatedDecision) -> Result<ShownDecision<'_>, Failure> {
    let value = |id, name, of: &feel::Value| Ok(ShownValue { id, name, value: raw(of)? });
    let inputs = one.inputs.iter().map(|input| value(&input.id, &input.name, &input.value));
    let rules = one.rules.iter().map(|rule| {
        let outputs = rule.outputs.iter();
        let outputs = outputs.map(|output| value(&output.id, &output.name, &output.value));
        let outputs = outputs.collect::<Result<_, Failure>>()?;
        Ok(ShownRule { id: &rule.id, index: rule.index, outputs })
    });
    Ok(ShownDecision {
        id: &one.id,
        name: &one.name,
        r#type: one.kind.api_name(),
        output: raw(&one.output)?,
        inputs: inputs.collect::<Result<_, Failure>>()?,
        rules: rules.collect::<Result<_, Failure>>()?,
        reasons: &one.reasons,
    })
}

fn page(decision: &str, evaluation: &Evaluation, screen: &mut Screen) {
    if let Some(failure) = &evaluation.failure {
        let words = format!("{decision} cannot be decided: {}", failure.message);
        for line in wrap(&words, screen.width) {
            screen.styled(BAD, &line);
        }
    } else {
        let value = styled(GOOD, &clean(&evaluation.output.to_json()));
        screen.line(&format!("{} = {value}", styled(BOLD, &clean(decision))));
    }
    for one in &evaluation.decisions {
        explain(one, screen);
    }
}

/// One decision: what went in, which rules matched, what came out, why something is null.
fn explain(one: &EvaluatedDecision, screen: &mut Screen) {
    screen.line("");
    let name = if one.name.is_empty() { &one.id } else { &one.name };
    screen.line(&format!("{}, {}", styled(BOLD, &clean(name)), spoken(one.kind.api_name())));
    let mut inputs = Table::part(&[Column::text("INPUT", 12), Column::text("VALUE", 20)]);
    for input in &one.inputs {
        inputs.row([Cell::new(&input.name), Cell::new(&input.value.to_json())]);
    }
    screen.table(&inputs);
    let mut rules = Table::part(&[
        Column::number("RULE"),
        Column::text("OUTPUT", 12),
        Column::text("VALUE", 20),
    ]);
    for rule in &one.rules {
        for (output, first) in rule.outputs.iter().zip(std::iter::once(true).chain([false; 256])) {
            let number = if first { rule.index.to_string() } else { String::new() };
            rules.row([
                Cell::styled(&number, BOLD),
                Cell::new(&output.name),
                Cell::new(&output.value.to_json()),
            ]);
        }
    }
    screen.table(&rules);
    if one.kind == DecisionKind::Table && one.rules.is_empty() {
        screen.styled(DIM, "  no rule matched");
    }
    let mut output = Table::part(&[Column::whole(""), Column::text("", 20)]);
    output.row([Cell::styled("gives", DIM), Cell::new(&one.output.to_json())]);
    screen.table(&output);
    for reason in &one.reasons {
        for line in wrap(reason, screen.width - 4) {
            screen.styled(DIM, &format!("    {line}"));
        }
    }
}
