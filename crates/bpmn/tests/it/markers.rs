//! Loop markers that are refused.

use super::loops::{EACH, ENDS, alone, multi, standard, task};
use super::refusals::refused;
use super::transcript::xml;

#[test]
fn markers_that_are_not_understood_are_refused() {
    let refused = |marker: &str, code: &str, part: &str| {
        let model = xml(&alone(&task("a", marker, "")));
        refused(&model, code, part);
    };
    let both = multi(false, EACH, "") + &standard(r#"loopMaximum="1""#, "");
    refused(&both, "B030", "two loop markers");
    refused(&multi(false, "", ""), "B031", "does not say how often");
    let cardinality = "<loopCardinality>= 2</loopCardinality>";
    refused(&multi(false, EACH, cardinality), "B031", "both");
    refused(&multi(false, r#"inputElement="x""#, cardinality), "B032", "no input collection");
    let output =
        |attributes: &str| multi(false, &format!(r#"inputCollection="= x" {attributes}"#), "");
    refused(&output(r#"outputCollection="y""#), "B032", "nothing says what goes into it");
    refused(&output(r#"outputElement="= y""#), "B032", "no collection");
    refused(&output(r#"inputElement="= y""#), "B032", "a variable name");
    refused(&output(r#"colour="red""#), "B034", "colour");
    refused(&output("").replace("= x", "= 1 +"), "B020", "1 +");
    refused(&multi(false, EACH, "<inputDataItem/>"), "B034", "<inputDataItem>");
    refused(&multi(false, EACH, "<completionCondition/>"), "B034", "is empty");
    refused(&multi(false, EACH, "").replace("false", "yes"), "B034", "\"yes\"");
    let one = multi(false, EACH, "").replace("isSequential", r#"behavior="One" isSequential"#);
    refused(&one, "B034", "\"One\"");
    refused(&standard("", ""), "B033", "never ends");
    refused(&standard(r#"loopMaximum="0""#, ""), "B033", "above 0");
    refused(&standard(r#"loopMaximum="1" isSequential="true""#, ""), "B034", "isSequential");
}

#[test]
fn what_cannot_repeat_is_refused_a_marker() {
    let marker = standard(r#"loopMaximum="1""#, "");
    let gateway =
        format!(r#"{ENDS}<exclusiveGateway id="a">{marker}</exclusiveGateway>[[s -> a -> end]]"#);
    refused(&xml(&gateway), "B030", "<exclusiveGateway>");
    let event = format!(r#"<startEvent id="s">{marker}</startEvent><<a>>[[s -> a]]"#);
    refused(&xml(&event), "B030", "<startEvent>");
    refused(&xml(&format!("{marker}{ENDS}[[s -> end]]")), "B005", "no id");
}
