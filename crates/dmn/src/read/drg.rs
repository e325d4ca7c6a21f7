//! `definitions`, and the elements of the requirements graph.

use roxmltree::Node as Xml;

use super::{Reader, attribute_spot, schema};
use crate::model::{
    Decision, Element, ElementKind, FunctionDefinition, Import, Knowledge, Model, Service, Spot,
    Variable,
};

/// Camunda 8's extensions.
const ZEEBE: &str = "http://camunda.org/schema/zeebe/1.0";

impl Reader<'_, '_, '_> {
    pub(super) fn definitions(&mut self, root: Xml<'_, '_>) -> Model {
        let attribute = |name| root.attribute(name).unwrap_or_default().trim().to_owned();
        for (name, what) in [("expressionLanguage", "expression"), ("typeLanguage", "type")] {
            if let Some(language) = root.attribute(name).filter(|it| !schema::is_feel(it)) {
                self.language_is_feel &= what != "expression";
                let message = format!("the {what} language of the file is {language}");
                self.error("D010", root, message, "write the model in FEEL");
            }
        }
        let mut model = Model {
            id: attribute("id"),
            name: attribute("name"),
            namespace: attribute("namespace"),
            prefixes: root
                .namespaces()
                .filter_map(|it| Some((it.name()?.to_owned(), it.uri().to_owned())))
                .collect(),
            ..Model::default()
        };
        for child in root.children().filter(|it| it.tag_name().namespace() == Some(self.namespace))
        {
            self.report.enter_element(child.attribute("id"));
            match child.tag_name().name() {
                "import" => model.imports.extend(self.import(child)),
                "itemDefinition" => model.items.push(self.item(child)),
                "inputData" => model.elements.push(self.element(child, ElementKind::Input)),
                "knowledgeSource" => model.elements.push(source(child)),
                "decision" => {
                    let decision = ElementKind::Decision(self.decision(child));
                    model.elements.push(self.element(child, decision));
                }
                "businessKnowledgeModel" => {
                    let knowledge = ElementKind::Knowledge(self.knowledge(child));
                    model.elements.push(self.element(child, knowledge));
                }
                "decisionService" => {
                    let service = ElementKind::Service(self.service(child));
                    model.elements.push(self.element(child, service));
                }
                // Remarks; what is none was refused by `schema`.
                _ => {}
            }
        }
        self.report.enter_element(None);
        model
    }

    fn import(&mut self, node: Xml<'_, '_>) -> Option<Import> {
        let attribute = |name| node.attribute(name).unwrap_or_default().trim();
        let namespace = attribute("namespace").to_owned();
        if namespace.is_empty() {
            let message = "<import> has no namespace".into();
            self.error("D005", node, message, "name the namespace of the imported model");
            return None;
        }
        Some(Import {
            at: node.range().start,
            name: attribute("name").to_owned(),
            namespace,
            is_dmn: schema::is_dmn(attribute("importType")),
        })
    }

    fn element(&mut self, node: Xml<'_, '_>, kind: ElementKind) -> Element {
        let name = self.name(node);
        let at = node.range().start;
        let variable = match self.child(node, "variable") {
            Some(variable) => self.variable(variable),
            None => Variable { at, name: name.clone(), type_ref: None },
        };
        let id = node.attribute("id").filter(|id| !id.is_empty()).map(Into::into);
        Element { at, id, name, variable, kind }
    }

    fn decision(&mut self, node: Xml<'_, '_>) -> Decision {
        Decision {
            version_tag: self.version_tag(node),
            information: self.hrefs_below(node, "informationRequirement"),
            knowledge: self.hrefs_below(node, "knowledgeRequirement"),
            authority: self.hrefs_below(node, "authorityRequirement"),
            logic: self.only_expression(node),
        }
    }

    fn knowledge(&mut self, node: Xml<'_, '_>) -> Knowledge {
        Knowledge {
            required: self.hrefs_below(node, "knowledgeRequirement"),
            authority: self.hrefs_below(node, "authorityRequirement"),
            function: self
                .child(node, "encapsulatedLogic")
                .map(|logic| self.function_definition(logic)),
        }
    }

    fn service(&mut self, node: Xml<'_, '_>) -> Service {
        let service = Service {
            outputs: self.hrefs(node, "outputDecision"),
            encapsulated: self.hrefs(node, "encapsulatedDecision"),
            input_decisions: self.hrefs(node, "inputDecision"),
            input_data: self.hrefs(node, "inputData"),
        };
        if service.outputs.is_empty() {
            let message = "the decision service has no outputDecision".into();
            self.error("D014", node, message, "say which decision it returns");
        }
        service
    }

    /// `href`s of the children of children of this name.
    fn hrefs_below(&mut self, node: Xml<'_, '_>, name: &'static str) -> Vec<Spot> {
        let mut found = Vec::new();
        for requirement in self.all(node, name) {
            let before = found.len();
            for child in requirement.children().filter(Xml::is_element) {
                found.extend(attribute_spot(child, "href"));
            }
            if found.len() == before {
                let message = format!("<{name}> refers to nothing");
                self.error("D005", requirement, message, "give it a child with an href");
            }
        }
        found
    }

    fn hrefs(&mut self, node: Xml<'_, '_>, name: &'static str) -> Vec<Spot> {
        let mut found = Vec::new();
        for child in self.all(node, name) {
            if let Some(href) = attribute_spot(child, "href") {
                found.push(href);
            } else {
                let message = format!("<{name}> has no href");
                self.error("D005", child, message, "write href=\"#id\"");
            }
        }
        found
    }

    fn version_tag(&self, node: Xml<'_, '_>) -> Option<String> {
        let extensions = self.child(node, "extensionElements")?;
        let tag = extensions.children().find(|it| it.has_tag_name((ZEEBE, "versionTag")))?;
        tag.attribute("value").map(str::trim).filter(|tag| !tag.is_empty()).map(Into::into)
    }

    /// `functionDefinition` or `encapsulatedLogic`.
    pub(super) fn function_definition(&mut self, node: Xml<'_, '_>) -> FunctionDefinition {
        use crate::model::FunctionKind;
        let parameters: Vec<_> = self.all(node, "formalParameter").collect();
        let kind = match node.attribute("kind").map(str::trim) {
            None | Some("" | "FEEL" | "F") => FunctionKind::Feel,
            Some("Java" | "J") => FunctionKind::Java,
            Some("PMML" | "P") => FunctionKind::Pmml,
            Some(other) => {
                let message = format!("expected the function's kind to be FEEL, found \"{other}\"");
                self.error("D015", node, message, "write the function in FEEL");
                FunctionKind::Feel
            }
        };
        if kind != FunctionKind::Feel {
            let message = format!("a function of kind {kind:?} is not called: its result is null");
            self.warning("D015", node, message, "write the function in FEEL");
        }
        FunctionDefinition {
            kind,
            parameters: parameters.into_iter().map(|it| self.variable(it)).collect(),
            type_ref: super::type_ref(node),
            body: self.only_expression(node),
        }
    }
}

/// Only ever referred to, so that it needs no name.
fn source(node: Xml<'_, '_>) -> Element {
    let name = node.attribute("name").unwrap_or_default().trim().to_owned();
    let id = node.attribute("id").map(Into::into);
    let at = node.range().start;
    Element { at, id, name, variable: Variable::default(), kind: ElementKind::Source }
}
