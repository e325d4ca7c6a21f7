//! The page of functions is true: every example gives what it says, every function is on it.

use std::fs;
use std::path::Path;

use fermata_feel::{Nothing, compile, functions};

use crate::NOW_MS;

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/feel-functions.md");
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_example_of_the_page_gives_what_it_says() {
    let page = page();
    let mut examples = 0;
    for block in page.split("```feel\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        for example in block.split("\n\n") {
            let (text, result) = example.trim().split_once("\n// ").expect(example);
            let value = |text: &str| {
                let expression = compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
                expression.evaluate(&Nothing, NOW_MS)
            };
            let (found, wanted) = (value(text), value(result));
            assert_eq!(found.value, wanted.value, "{text}: {:?}", found.reason());
            examples += 1;
        }
    }
    assert!(examples >= functions().count(), "an example for each function, but {examples}");
}

#[test]
fn every_function_is_on_the_page_with_all_its_parameters() {
    let page = page();
    for function in functions() {
        let heading = format!("\n### {}\n", function.name);
        let section = page.split(&heading).nth(1).unwrap_or_else(|| panic!("{}", function.name));
        let section = section.split("\n#").next().unwrap_or_default();
        for signature in function.signatures.iter().filter(|one| !one.starts_with('=')) {
            let wanted = format!("`{}({signature})`", function.name);
            assert!(section.contains(&wanted), "{wanted} is not in: {section}");
        }
        assert!(section.contains("```feel\n"), "{} has an example", function.name);
    }
}
