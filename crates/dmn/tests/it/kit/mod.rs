//! The DMN compatibility kit, as far as it is there: `make conformance`.
//!
//! In:  the folder of `FERMATA_TCK` (default `../shared/tck` beside the checkout), and
//!      `tests/conformance.txt`: the number reached and every known failure with its reason.
//! Out: cases passed by folder and in all; a failed test when it is not what the file says.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a test reads the kit")]

mod case;
mod listed;
mod value;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use feel::{Context, Value};
use fermata_dmn::{Definitions, Options};

use case::{Case, ExpectedResult, TestFile};

/// 2026-11-23T12:00:00Z; some cases ask for today.
const NOW_MS: i64 = 1_795_435_200_000;

/// What came of each case, by its name.
type Outcomes = BTreeMap<String, Result<(), String>>;

#[test]
fn conformance() {
    let kit = match std::env::var_os("FERMATA_TCK") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/tck"),
    };
    if !kit.is_dir() {
        println!("conformance: skipped, there is no kit at {} (set FERMATA_TCK)", kit.display());
        return;
    }
    let mut outcomes = Outcomes::new();
    for folder in folders(&kit) {
        let found = run_folder(&kit, &folder);
        let passed = found.values().filter(|outcome| outcome.is_ok()).count();
        let name = folder.strip_prefix(&kit).unwrap_or(&folder).display();
        println!("{passed:5} of {:5}  {name}", found.len());
        outcomes.extend(found);
    }
    let passed = outcomes.values().filter(|outcome| outcome.is_ok()).count();
    println!("{passed:5} of {:5}  in all", outcomes.len());
    for (name, outcome) in &outcomes {
        if let Err(why) = outcome {
            println!("FAILED {name}: {why}");
        }
    }
    let complaints = listed::complaints(include_str!("../../conformance.txt"), &outcomes);
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// Every folder with test files, in the order of their names.
fn folders(kit: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![kit.to_owned()];
    while let Some(folder) = open.pop() {
        if !test_files(&folder).is_empty() {
            found.push(folder.clone());
        }
        open.extend(entries(&folder).into_iter().filter(|entry| entry.is_dir()));
    }
    found.sort();
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn test_files(folder: &Path) -> Vec<PathBuf> {
    let is_test = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        path.extension().is_some_and(|ending| ending == "xml") && name.contains("-test-")
    };
    entries(folder).into_iter().filter(is_test).collect()
}

fn run_folder(kit: &Path, folder: &Path) -> Outcomes {
    let is_model = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "dmn");
    let models: Vec<(String, String)> = entries(folder)
        .into_iter()
        .filter(is_model)
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect();
    let mut outcomes = Outcomes::new();
    for path in test_files(folder) {
        let name = path.strip_prefix(kit).unwrap_or(&path).with_extension("");
        let file = case::read(&fs::read_to_string(&path).unwrap());
        match file {
            Ok(file) => run_file(&file, &models, &name.display().to_string(), &mut outcomes),
            Err(error) => {
                outcomes.insert(name.display().to_string(), Err(error));
            }
        }
    }
    outcomes
}

fn run_file(file: &TestFile, models: &[(String, String)], name: &str, outcomes: &mut Outcomes) {
    let model = compile(&file.model, models);
    for case in &file.cases {
        let outcome = match &model {
            Ok(model) => run_case(model, case),
            Err(error) => Err(error.clone()),
        };
        outcomes.insert(format!("{name}#{}", case.id), outcome);
    }
}

fn compile(wanted: &str, models: &[(String, String)]) -> Result<Definitions, String> {
    let found = models.iter().find(|(name, _)| name == wanted);
    let (_, text) = found.ok_or_else(|| format!("there is no {wanted}"))?;
    let others: Vec<(&str, &str)> = models
        .iter()
        .filter(|(name, _)| name != wanted)
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let options = Options { strict: true, partial: true };
    fermata_dmn::compile_as(text, &others, options)
        .map_err(|findings| findings.first().map_or_else(|| "refused".into(), ToString::to_string))
}

fn run_case(model: &Definitions, case: &Case) -> Result<(), String> {
    let mut variables = Context::default();
    for input in &case.inputs {
        // Inputs of imported models have names of their own in the kit's files.
        let value =
            value::value(&input.value).map_err(|error| format!("{}: {error}", input.name))?;
        variables.set(input.name.as_str().into(), value);
    }
    let variables = Value::context(variables);
    for expected in &case.results {
        let found = match &case.invocable {
            None => model.evaluate(&expected.name, &variables, NOW_MS).output,
            Some(invocable) => {
                let output = model.invoke(invocable, &variables, NOW_MS).output;
                // A service with several outputs gives them by name.
                match output.as_context().and_then(|it| it.get(&expected.name)) {
                    Some(one) => one.clone(),
                    None => output,
                }
            }
        };
        check(expected, &found)?;
    }
    Ok(())
}

fn check(expected: &ExpectedResult, found: &Value) -> Result<(), String> {
    let name = &expected.name;
    let why = if let Value::Null(why) = found { format!(" ({why})") } else { String::new() };
    let wanted = if expected.is_error { &case::Given::Nil } else { &expected.value };
    if value::agrees(wanted, found).map_err(|error| format!("{name}: {error}"))? {
        return Ok(());
    }
    let wanted = value::value(wanted).map_or_else(|error| error, |value| value.to_text());
    Err(format!("{name} is {}{why}, expected {wanted}", found.to_text()))
}
