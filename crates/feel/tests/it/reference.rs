//! The page of functions is true: every example gives what it says, every function is on it.

use std::fs;
use std::path::Path;

use fermata_feel::{Nothing, compile, functions};

use crate::NOW_MS;

fn page() -> String {
    read("feel-functions.md")
}

#[expect(clippy::disallowed_methods, reason = "a test reads the page that it is about")]
fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The examples of the page: each text with the text of what it gives.
pub(crate) fn examples() -> Vec<(String, String)> {
    let page = page();
    let blocks = page.split("```feel\n").skip(1).filter_map(|block| block.split("```").next());
    let examples = blocks.flat_map(|block| block.split("\n\n")).map(|example| {
        let (text, result) = example.trim().split_once("\n// ").expect(example);
        (text.to_owned(), result.to_owned())
    });
    examples.collect()
}

#[test]
fn every_example_of_the_page_gives_what_it_says() {
    let examples = examples();
    for (text, result) in &examples {
        let value = |text: &str| {
            let expression = compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            expression.evaluate(&Nothing, NOW_MS)
        };
        let (found, wanted) = (value(text), value(result));
        assert_eq!(found.value, wanted.value, "{text}: {:?}", found.reason());
    }
    assert!(examples.len() >= functions().count(), "one for each function: {}", examples.len());
}

#[test]
fn every_function_is_on_the_page_with_all_its_parameters() {
    let page = page();
    for function in functions() {
        let heading = format!("\n### {}\n", function.name());
        let section = page.split(&heading).nth(1).unwrap_or_else(|| panic!("{}", function.name()));
        let section = section.split("\n#").next().unwrap_or_default();
        for signature in function.signatures() {
            let wanted = format!("`{}({signature})`", function.name());
            assert!(section.contains(&wanted), "{wanted} is not in: {section}");
        }
        assert!(section.contains("```feel\n"), "{} has an example", function.name());
    }
}

/// The pieces of FEEL in the page of the language: each is read, and those without names give a value.
#[test]
fn the_page_of_the_language_is_true() {
    let page = read("feel.md");
    let values = page.split("## Values").nth(1).and_then(|rest| rest.split("JSON goes").next());
    let mut literals = 0;
    for row in values.unwrap_or_default().lines().filter(|line| line.starts_with("| ")).skip(1) {
        let written = row.split(" | ").nth(1).unwrap_or_default();
        for piece in written.split('`').skip(1).step_by(2).filter(|one| compile(one).is_ok()) {
            let outcome = compile(piece).expect(piece).evaluate(&Nothing, NOW_MS);
            assert_eq!(outcome.reason(), None, "{piece}");
            literals += 1;
        }
    }
    assert!(literals >= 18, "only {literals} literals of the page are read");
    for bound in ["64 KiB", "2,000,000", "600", "16 MiB", "512 levels", "100; 250"] {
        assert!(page.contains(bound), "{bound}");
    }
    assert_eq!(fermata_feel::SOURCE_BYTES_MAX, 64 << 10);
    assert_eq!(fermata_feel::STEPS_MAX, 2_000_000);
    assert_eq!(fermata_feel::DEPTH_MAX, 600);
    assert_eq!(fermata_feel::STRING_BYTES_MAX, 16 << 20);
    assert_eq!((fermata_feel::value::DEPTH_MAX, fermata_feel::value::SIZE_MAX), (512, 16 << 20));
}
