//! `fermata feel`: evaluates an expression, or each line that is typed.
//!
//! In:  an expression, variables as JSON.
//! Out: the value as FEEL writes it, and why it is null if it is.
//! Absent: a server. What it prints is what an instance would see, but for the time.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use ::feel::{Context, Diagnostic, Environment, Now, Value};

use crate::failure::{Failure, NO};
use crate::input;
use crate::screen::clean_lines;

pub(crate) const HELP: &str = "Examples:
  fermata feel 'sum(order.items.price) > 100' --vars @order.json
  fermata feel 'date(placed) + @\"P30D\"' --vars '{\"placed\": \"2026-11-23\"}'
  fermata feel                       (a line at a time; :help says more)

Exit codes: 0 evaluated, 1 the expression is refused, 2 the call was wrong or a
file cannot be read";

const REPL_HELP: &str = "EXPRESSION           evaluate it
NAME := EXPRESSION   keep its value under a name
:vars                the variables
:functions [WORD]    FEEL's own functions, or those with WORD in their name
:quit                end (so does Ctrl-D)";

/// Longest part of the text that is shown before the place of a mistake, in characters.
const BEFORE_CHARS_MAX: usize = 50;
/// Widest excerpt, so that 80 columns suffice.
const EXCERPT_CHARS_MAX: usize = 70;

#[derive(Debug, clap::Args)]
pub(crate) struct FeelArgs {
    /// The expression, without `=` before it; none to be asked for one after the other
    expression: Option<String>,
    /// What it sees: a JSON object, @FILE, or - for standard input
    #[arg(long, visible_alias = "variables", value_name = "JSON")]
    vars: Option<String>,
}

pub(crate) fn run(args: &FeelArgs, json: bool) -> ExitCode {
    let variables = match variables(args.vars.as_deref()) {
        Ok(variables) => variables,
        Err(failure) => return failure.tell(),
    };
    match &args.expression {
        Some(text) if json => as_json(text, &variables),
        Some(text) => match evaluate(text, &variables) {
            Ok((value, warnings)) => {
                show(&value);
                warn(text, &value, &warnings);
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprint!("{}", pointed(text, "error", &error));
                ExitCode::from(NO)
            }
        },
        None => converse(variables, json),
    }
}

fn variables(argument: Option<&str>) -> Result<Context, Failure> {
    let Some(json) = input::variables(argument)? else { return Ok(Context::default()) };
    let value = Value::from_json(json.get()).map_err(Failure::wrong_call)?;
    Ok(value.as_context().cloned().unwrap_or_default())
}

fn now() -> Now {
    let ms = jiff::Timestamp::now().as_millisecond();
    Now { ms, seed: u64::from(std::process::id()) << 48 ^ ms.cast_unsigned() }
}

/// Names of several words that the variables have are known, as a decision's would be.
fn environment(variables: &Context) -> Environment {
    fn entries(value: &Value, environment: &mut Environment) {
        match value {
            Value::Context(context) => {
                for (name, value) in context.iter() {
                    environment.know_entry(name);
                    entries(value, environment);
                }
            }
            Value::List(items) => items.iter().for_each(|item| entries(item, environment)),
            _ => {}
        }
    }
    let mut environment = Environment::open();
    for (name, value) in variables.iter() {
        environment.variable(name, ::feel::Type::Any);
        entries(value, &mut environment);
    }
    environment
}

/// The value, and what is null in the text whatever the variables are.
fn evaluate(text: &str, variables: &Context) -> Result<(Value, Vec<Diagnostic>), Diagnostic> {
    let expression = ::feel::compile_in(text, &environment(variables))?;
    Ok((expression.evaluate(variables, now()).value, expression.warnings().to_vec()))
}

fn show(value: &Value) {
    println!("{}", clean_lines(&value.to_string()));
    let why = value.why();
    if !why.is_none() {
        eprintln!("because {}", clean_lines(&why.to_string()));
    }
}

/// What a null has said already is not said again.
fn warn(text: &str, value: &Value, warnings: &[Diagnostic]) {
    for warning in warnings.iter().filter(|_| !value.is_null()) {
        eprint!("{}", pointed(text, "warning", warning));
    }
}

fn as_json(text: &str, variables: &Context) -> ExitCode {
    match evaluate(text, variables) {
        Ok((value, warnings)) => {
            warn(text, &value, &warnings);
            let why = value.why();
            let reason = (!why.is_none()).then(|| why.to_string());
            let reason = serde_json::to_string(&reason).unwrap_or_default();
            let kind = value.type_name();
            println!(r#"{{"value":{},"type":"{kind}","reason":{reason}}}"#, value.to_json());
            ExitCode::SUCCESS
        }
        Err(error) => {
            let answer = serde_json::json!({
                "error": error.message, "help": error.help,
                "start": error.span.start, "end": error.span.end,
            });
            println!("{answer}");
            ExitCode::from(NO)
        }
    }
}

/// The message with the line that it is about and a mark below the place.
pub(crate) fn pointed(text: &str, severity: &str, error: &Diagnostic) -> String {
    let start = error.span.start.min(text.len());
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let number = text[..start].matches('\n').count() + 1;
    let line = text[line_start..].lines().next().unwrap_or_default();
    let column = text[line_start..start].chars().count();
    let from = column.saturating_sub(BEFORE_CHARS_MAX);
    let excerpt: String = line.chars().skip(from).take(EXCERPT_CHARS_MAX).collect();
    let end = error.span.end.clamp(start, line_start + line.len().max(start - line_start));
    let width = text.get(start..end).map_or(1, |part| part.chars().count());
    let width = width.clamp(1, (EXCERPT_CHARS_MAX + from).saturating_sub(column).max(1));
    let margin = " ".repeat(number.to_string().len());
    let help = error
        .help
        .as_ref()
        .map_or_else(String::new, |help| format!("{margin} = help: {}\n", clean_lines(help)));
    format!(
        "{severity}: {}\n{number} | {}\n{margin} | {}{}\n{help}",
        clean_lines(&error.message),
        clean_lines(&excerpt).replace('\t', " "),
        " ".repeat(column - from),
        "^".repeat(width),
    )
}

fn converse(mut variables: Context, json: bool) -> ExitCode {
    let stdin = std::io::stdin();
    let asked = stdin.is_terminal();
    if asked {
        println!("FEEL, a line at a time. :help says what else there is, Ctrl-D ends.");
    }
    let mut refused = false;
    loop {
        if asked {
            print!("feel> ");
            // A terminal that is gone shows at the next read.
            let _ = std::io::stdout().flush();
        }
        let mut line = String::new();
        match stdin.lock().read_line(&mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                return Failure::wrong_call(format!("cannot read standard input: {error}")).tell();
            }
        }
        match line.trim() {
            "" => {}
            ":quit" | ":q" => break,
            line if line.starts_with(':') => command(line, &variables),
            line => refused |= !one(line, &mut variables, json),
        }
    }
    if asked {
        println!();
    }
    // In a script a refusal must not pass for success.
    ExitCode::from(if refused && !asked { NO } else { 0 })
}

fn command(line: &str, variables: &Context) {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        ":vars" if variables.is_empty() => println!("no variables; NAME := EXPRESSION makes one"),
        ":vars" => {
            for (name, value) in variables.iter() {
                println!("{}", clean_lines(&format!("{name} := {value}")));
            }
        }
        ":functions" => {
            for function in ::feel::functions().filter(|one| one.name().contains(rest.trim())) {
                let forms = function.signatures();
                forms.for_each(|form| println!("{}({form})", function.name()));
            }
        }
        ":help" => println!("{REPL_HELP}"),
        other => eprintln!("there is no `{other}`; :help says what there is"),
    }
}

/// One line; false if it is refused.
fn one(line: &str, variables: &mut Context, json: bool) -> bool {
    let (name, text) = match line.split_once(":=") {
        Some((name, text)) => (Some(name.trim()), text),
        None => (None, line),
    };
    if let (None, true) = (name, json) {
        return as_json(text, variables) == ExitCode::SUCCESS;
    }
    match evaluate(text, variables) {
        Ok((value, warnings)) => {
            show(&value);
            warn(text, &value, &warnings);
            if let Some(name) = name {
                variables.set(name.into(), value);
            }
            true
        }
        Err(error) => {
            eprint!("{}", pointed(text, "error", &error));
            false
        }
    }
}
