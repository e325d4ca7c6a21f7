//! The text of variables: split, merged, stored, and given to FEEL.

use ::feel::Value;
use base::Variables;

use crate::feel;

pub(crate) fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    // Two objects, the second over the first.
    let (first, second) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(first) = Variables::parse(first) else { return };
    let second = Variables::parse(second).unwrap_or_default();
    let mut both = first.clone();
    both.merge(&second);
    for variables in [&first, &second, &both] {
        check(variables);
    }
    for (name, value) in first.iter() {
        let expected = second.get(name).unwrap_or(value);
        assert_eq!(both.get(name), Some(expected), "the later value of {name} counts");
    }
    let mut twice = both.clone();
    twice.merge(&second);
    assert_eq!(twice, both, "merging again changes nothing");
}

fn check(variables: &Variables) {
    let json = variables.to_json();
    let read = Variables::parse(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    assert_eq!(&read, variables, "what is written is read back");
    assert_eq!(read.to_json(), json, "the text is the canonical one");
    let names: Vec<_> = variables.iter().map(|(name, _)| name).collect();
    assert!(names.is_sorted() && names.len() == variables.len());
    let mut stored = Vec::new();
    minicbor::encode(variables, &mut stored).expect("writing into memory");
    let read: Variables = minicbor::decode(&stored).expect("what we wrote");
    assert_eq!(&read, variables, "what is stored is read back");
    for (_, json) in variables.iter() {
        if let Ok(value) = Value::from_json(json.as_str()) {
            feel::value(&value);
        }
    }
}
