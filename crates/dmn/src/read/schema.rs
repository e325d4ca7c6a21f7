//! Which elements and attributes DMN has, and which of them are passed over.
//!
//! In:  the root element.
//! Out: a finding for every element and attribute that nothing would be made of.
//! Absent: whether what must stand there does (see the readers of each element).

use roxmltree::Node as Xml;

use crate::report::Report;

/// Namespaces of DMN 1.1 (as two tools write it), 1.2, 1.3, 1.4 and 1.5: they read alike.
const NAMESPACES: &[&str] = &[
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "http://www.omg.org/spec/DMN/20151101/dmn11.xsd",
    "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "https://www.omg.org/spec/DMN/20211108/MODEL/",
    "https://www.omg.org/spec/DMN/20230324/MODEL/",
];

/// Namespaces of FEEL, as each version writes it.
const FEEL: &[&str] = &[
    "http://www.omg.org/spec/FEEL/20140401",
    "http://www.omg.org/spec/DMN/20180521/FEEL/",
    "https://www.omg.org/spec/DMN/20191111/FEEL/",
    "https://www.omg.org/spec/DMN/20211108/FEEL/",
    "https://www.omg.org/spec/DMN/20230324/FEEL/",
];

/// Elements without behaviour: they and what stands in them is passed over.
const REMARKS: &[&str] = &[
    "description",
    "extensionElements",
    "question",
    "allowedAnswers",
    "textAnnotation",
    "association",
    "group",
    "performanceIndicator",
    "organizationUnit",
    "elementCollection",
    "knowledgeSource",
    "impactedPerformanceIndicator",
    "decisionMaker",
    "decisionOwner",
    "supportedObjective",
    "usingProcess",
    "usingTask",
    "annotation",
    "annotationEntry",
];

const EXPRESSIONS: &[&str] = &[
    "literalExpression",
    "decisionTable",
    "context",
    "list",
    "relation",
    "invocation",
    "functionDefinition",
    "conditional",
    "filter",
    "for",
    "some",
    "every",
];

/// An element, its attributes beside `id` and `label`, and its children beside the remarks; a child
/// `*` stands for every expression.
type Shape = (&'static str, &'static [&'static str], &'static [&'static str]);

const SHAPES: &[Shape] = &[
    (
        "definitions",
        &["name", "namespace", "expressionLanguage", "typeLanguage", "exporter", "exporterVersion"],
        &[
            "import",
            "itemDefinition",
            "inputData",
            "decision",
            "businessKnowledgeModel",
            "decisionService",
        ],
    ),
    ("import", &["name", "namespace", "locationURI", "importType"], &[]),
    ("itemDefinition", &["name", "isCollection", "typeLanguage"], ITEM),
    ("itemComponent", &["name", "isCollection", "typeLanguage"], ITEM),
    ("functionItem", &["outputTypeRef"], &["parameters"]),
    ("parameters", &["name", "typeRef"], &[]),
    ("typeRef", &[], &[]),
    ("allowedValues", TESTS, &["text"]),
    ("typeConstraint", TESTS, &["text"]),
    ("inputValues", TESTS, &["text"]),
    ("outputValues", TESTS, &["text"]),
    ("inputData", &["name"], &["variable"]),
    ("variable", &["name", "typeRef"], &[]),
    (
        "decision",
        &["name"],
        &[
            "variable",
            "informationRequirement",
            "knowledgeRequirement",
            "authorityRequirement",
            "*",
        ],
    ),
    ("informationRequirement", &[], &["requiredDecision", "requiredInput"]),
    ("knowledgeRequirement", &[], &["requiredKnowledge"]),
    ("authorityRequirement", &[], &["requiredDecision", "requiredInput", "requiredAuthority"]),
    ("requiredDecision", &["href"], &[]),
    ("requiredInput", &["href"], &[]),
    ("requiredKnowledge", &["href"], &[]),
    ("requiredAuthority", &["href"], &[]),
    (
        "businessKnowledgeModel",
        &["name"],
        &["variable", "encapsulatedLogic", "knowledgeRequirement", "authorityRequirement"],
    ),
    ("encapsulatedLogic", &["kind", "typeRef"], &["formalParameter", "*"]),
    ("functionDefinition", &["kind", "typeRef"], &["formalParameter", "*"]),
    ("formalParameter", &["name", "typeRef"], &[]),
    (
        "decisionService",
        &["name"],
        &["variable", "outputDecision", "encapsulatedDecision", "inputDecision", "inputData"],
    ),
    ("outputDecision", &["href"], &[]),
    ("encapsulatedDecision", &["href"], &[]),
    ("inputDecision", &["href"], &[]),
    ("literalExpression", TESTS, &["text", "importedValues"]),
    ("text", &[], &[]),
    ("context", &["typeRef"], &["contextEntry"]),
    ("contextEntry", &[], &["variable", "*"]),
    ("list", &["typeRef"], &["*"]),
    ("relation", &["typeRef"], &["column", "row"]),
    ("column", &["name", "typeRef"], &[]),
    ("row", &["typeRef"], &["*"]),
    ("invocation", &["typeRef"], &["*", "binding"]),
    ("binding", &[], &["parameter", "*"]),
    ("parameter", &["name", "typeRef"], &[]),
    ("conditional", &["typeRef"], &["if", "then", "else"]),
    ("if", CHILD, &["*"]),
    ("then", CHILD, &["*"]),
    ("else", CHILD, &["*"]),
    ("filter", &["typeRef"], &["in", "match"]),
    ("in", CHILD, &["*"]),
    ("match", CHILD, &["*"]),
    ("for", &["typeRef", "iteratorVariable"], &["in", "return"]),
    ("return", CHILD, &["*"]),
    ("some", &["typeRef", "iteratorVariable"], &["in", "satisfies"]),
    ("every", &["typeRef", "iteratorVariable"], &["in", "satisfies"]),
    ("satisfies", CHILD, &["*"]),
    (
        "decisionTable",
        &["typeRef", "hitPolicy", "aggregation", "preferredOrientation", "outputLabel"],
        &["input", "output", "rule"],
    ),
    ("input", &[], &["inputExpression", "inputValues"]),
    ("inputExpression", TESTS, &["text", "importedValues"]),
    ("output", &["name", "typeRef"], &["outputValues", "defaultOutputEntry"]),
    ("defaultOutputEntry", TESTS, &["text", "importedValues"]),
    ("rule", &[], &["inputEntry", "outputEntry"]),
    ("inputEntry", TESTS, &["text"]),
    ("outputEntry", TESTS, &["text", "importedValues"]),
];
const ITEM: &[&str] =
    &["typeRef", "allowedValues", "typeConstraint", "itemComponent", "functionItem"];
const TESTS: &[&str] = &["typeRef", "expressionLanguage"];
const CHILD: &[&str] = &["typeRef"];

/// Whether a namespace is that of DMN models.
pub(super) fn is_dmn(namespace: &str) -> bool {
    NAMESPACES.contains(&namespace)
}

/// Whether an expression or type language is FEEL; Camunda 8 writes only its name.
pub(super) fn is_feel(language: &str) -> bool {
    let bare = |text: &str| text.trim_end_matches('/').to_owned();
    language.trim().eq_ignore_ascii_case("feel")
        || FEEL.iter().any(|known| bare(known) == bare(language.trim()))
}

/// Whether an element is a boxed expression.
pub(super) fn is_expression(name: &str) -> bool {
    EXPRESSIONS.contains(&name)
}

/// Looks through a whole file.
pub(super) fn check(root: Xml<'_, '_>, namespace: &str, report: &mut Report<'_>) {
    let Some((name, attributes, children)) =
        SHAPES.iter().find(|(name, _, _)| *name == root.tag_name().name())
    else {
        return;
    };
    for attribute in root.attributes() {
        let known = attribute.namespace().is_some()
            || ["id", "label", "href"].contains(&attribute.name())
            || attributes.contains(&attribute.name());
        if !known {
            let message =
                format!("<{name}> has no attribute {} in DMN; it is ignored", attribute.name());
            report.warning("D004", attribute.range().start, message, "correct or remove it");
        }
    }
    let is_root = root.parent_element().is_none();
    for child in root.children().filter(Xml::is_element) {
        let tag = child.tag_name();
        if tag.namespace() != Some(namespace) {
            // Diagrams stand beside the elements, extensions in `extensionElements`.
            if !is_root {
                let message = format!("<{}> is not an element of DMN; it is ignored", tag.name());
                let help = "put it into extensionElements";
                report.warning("D004", child.range().start, message, help);
            }
        } else if is_child(children, tag.name()) {
            check(child, namespace, report);
        } else if !REMARKS.contains(&tag.name()) {
            let message = format!("<{}> cannot stand in <{name}>", tag.name());
            let help = "remove it; docs/reference/dmn.md lists what is supported";
            report.error("D004", child.range().start, message, help);
        }
    }
}

fn is_child(children: &[&str], name: &str) -> bool {
    children.contains(&name) || (children.contains(&"*") && is_expression(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_child_has_a_shape() {
        let known = |name: &str| {
            SHAPES.iter().any(|(shape, _, _)| *shape == name) || name == "importedValues"
        };
        for (_, _, children) in SHAPES {
            for child in children.iter().filter(|child| **child != "*") {
                assert!(known(child), "{child} has no shape");
            }
        }
        assert!(EXPRESSIONS.iter().all(|name| known(name)));
    }

    #[test]
    fn feel_is_known_by_its_namespaces_and_its_name() {
        assert!(is_feel("https://www.omg.org/spec/DMN/20230324/FEEL"));
        assert!(is_feel("feel") && is_feel("FEEL"));
        assert!(!is_feel("javascript"));
    }
}
