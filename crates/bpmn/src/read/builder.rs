//! What reading carries along: the document, what was collected, the findings.

use std::collections::{BTreeMap, BTreeSet};

use base::Text;
use roxmltree::{Document, Node as Xml};

use crate::graph::{Compensation, Flow, Kind, Node, Process};
use crate::place::{Place, Places};
use crate::read::BPMN;
use crate::read::starters::Starter;
use base::{Finding, Severity};

/// Elements that never have behaviour of their own.
const NOTATION: &[&str] = &[
    "documentation",
    "extensionElements",
    "incoming",
    "outgoing",
    "laneSet",
    "textAnnotation",
    "association",
    "group",
    "category",
    "dataObject",
    "dataObjectReference",
    "dataStoreReference",
    "property",
    "ioSpecification",
    "auditing",
    "monitoring",
    "supportedInterfaceRef",
];

/// Root elements that are looked up or never have behaviour.
const ROOTS: &[&str] = &[
    "message",
    "error",
    "signal",
    "escalation",
    "itemDefinition",
    "dataStore",
    "category",
    "collaboration",
    "import",
    "extension",
    "relationship",
    "documentation",
    "extensionElements",
    "interface",
    "endPoint",
    "resource",
    "partnerEntity",
    "partnerRole",
];

pub(super) struct Builder<'a> {
    pub document: &'a Document<'a>,
    pub findings: Vec<Finding>,
    /// The policies that were read, by where they begin.
    pub policies: BTreeSet<usize>,
    /// Root elements by id: messages, errors.
    pub roots: BTreeMap<&'a str, Xml<'a, 'a>>,
    pub places: Places<'a>,
    /// Refusals among the findings.
    errors: usize,
    /// Every element by its id, once somebody has asked.
    by_id: Option<BTreeMap<&'a str, Xml<'a, 'a>>>,
    /// What starts an instance without being a start event, by id.
    pub starters: BTreeMap<&'a str, Starter>,
}

/// A process while it is read.
pub(super) struct Draft<'a> {
    pub nodes: Vec<Node>,
    pub sources: Vec<Xml<'a, 'a>>,
    pub flows: Vec<Xml<'a, 'a>>,
    /// The scope each flow stands in.
    pub flow_scopes: Vec<u32>,
    pub ids: BTreeMap<&'a str, u32>,
}

impl<'a> Builder<'a> {
    pub fn new(document: &'a Document<'a>) -> Self {
        let places = Places::of(document.input_text());
        Self {
            document,
            findings: Vec::new(),
            policies: BTreeSet::new(),
            roots: BTreeMap::new(),
            places,
            errors: 0,
            by_id: None,
            starters: BTreeMap::new(),
        }
    }

    pub fn error(
        &mut self,
        at: Xml<'_, '_>,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.finding_at(at, at.range().start, Severity::Error, code, message, help);
    }

    /// A finding at a byte of the file, for example inside an attribute.
    pub fn finding_at(
        &mut self,
        at: Xml<'_, '_>,
        byte: usize,
        severity: Severity,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let Place { line, column } = self.places.at(byte);
        self.errors += usize::from(severity == Severity::Error);
        let owner = at.ancestors().find_map(|node| node.attribute("id"));
        self.findings.push(Finding {
            code,
            file: None,
            line,
            column,
            element_id: owner.map(Into::into),
            message: message.into(),
            help: help.into(),
            severity,
        });
    }

    /// The element of the file with this id, whatever it is.
    pub fn with_id(&mut self, id: &str) -> Option<Xml<'a, 'a>> {
        let all = self.by_id.get_or_insert_with(|| {
            let nodes = self.document.descendants();
            nodes.filter_map(|node| Some((node.attribute("id")?, node))).collect()
        });
        all.get(id).copied()
    }

    /// How many refusals there are so far.
    pub fn errors(&self) -> usize {
        self.errors
    }

    pub fn definitions(&mut self) -> Vec<Process> {
        let root = self.document.root_element();
        if !root.has_tag_name((BPMN, "definitions")) {
            let message = format!(
                "expected <definitions> of BPMN 2.0 as the root element, but found <{}>",
                root.tag_name().name()
            );
            self.error(root, "B001", message, "export the model as BPMN 2.0 XML");
            return Vec::new();
        }
        for child in elements(root) {
            if let Some(id) = child.attribute("id")
                && child.tag_name().namespace() == Some(BPMN)
                && self.roots.insert(id, child).is_some()
            {
                self.error(
                    child,
                    "B005",
                    format!("the id \"{id}\" is used twice"),
                    "give every element an id of its own",
                );
            }
        }
        let mut processes = Vec::new();
        for child in elements(root) {
            match (child.tag_name().namespace(), child.tag_name().name()) {
                (Some(BPMN), "process") if child.attribute("isExecutable") == Some("true") => {
                    processes.extend(self.process(child));
                }
                (Some(BPMN), "process") => {}
                (Some(BPMN), name) if !ROOTS.contains(&name) => self.unsupported(child, ""),
                (Some(BPMN), _) => self.refuse_own_extensions(child),
                _ => {}
            }
        }
        if self.errors() == 0 {
            self.stray_policies();
        }
        if processes.is_empty() && self.errors() == 0 {
            self.error(
                root,
                "B010",
                "the file has no executable process",
                "add a process, or mark yours with isExecutable=\"true\"",
            );
        }
        processes
    }

    pub fn unsupported(&mut self, at: Xml<'a, 'a>, extra: &str) {
        let name = at.tag_name().name();
        let help = if extra.is_empty() {
            "model this part with the elements that docs/reference/bpmn.md lists".to_owned()
        } else {
            extra.to_owned()
        };
        self.error(at, "B004", format!("<{name}> is not supported by this version"), help);
    }

    fn process(&mut self, source: Xml<'a, 'a>) -> Option<Process> {
        let id = self.id_of(source)?;
        let mut draft = Draft {
            nodes: Vec::new(),
            sources: Vec::new(),
            flows: Vec::new(),
            flow_scopes: Vec::new(),
            ids: BTreeMap::new(),
        };
        let (version_tag, extensions) = self.process_extensions(source);
        let mut root = blank(id.clone(), source, 0, Kind::Process { start: None }, "PROCESS");
        root.listeners = self.listeners(&extensions, &root);
        self.policy(&extensions, &mut root);
        draft.nodes.push(root);
        draft.sources.push(source);
        let before = self.errors();
        self.find_starters(source);
        self.scope(source, 0, &mut draft);
        let complete = before == self.errors();
        let nodes_len = u32::try_from(draft.nodes.len()).unwrap_or(u32::MAX);
        let flows: Vec<Flow> = self.wire(&mut draft, nodes_len);
        // Where elements were refused, what follows from their absence is no news.
        if complete {
            self.check(&mut draft);
        }
        for (node, source) in draft.nodes.iter_mut().zip(&draft.sources) {
            node.place = self.places.at(source.range().start);
        }
        let data = self.data(&draft);
        let silences = self.silences(source, &draft);
        let heard = draft.nodes.iter().any(Node::may_be_heard);
        Some(Process {
            id,
            name: source.attribute("name").map(Into::into),
            version_tag,
            nodes: draft.nodes,
            flows,
            data,
            silences,
            heard,
        })
    }

    /// Reads what stands directly in a process or sub-process.
    pub fn scope(&mut self, source: Xml<'a, 'a>, scope: u32, draft: &mut Draft<'a>) {
        for child in elements(source) {
            let tag = child.tag_name();
            match (tag.namespace(), tag.name()) {
                (Some(BPMN), "sequenceFlow") => {
                    draft.flows.push(child);
                    draft.flow_scopes.push(scope);
                }
                (Some(BPMN), name) if NOTATION.contains(&name) => {}
                // Read with the activity that has it.
                (
                    Some(BPMN),
                    "multiInstanceLoopCharacteristics" | "standardLoopCharacteristics",
                ) if scope != 0 => {}
                (Some(BPMN), _) if Self::is_completion(child) => {}
                (Some(BPMN), _) => self.node(child, scope, draft),
                (_, name) => {
                    let message = format!("<{name}> is not an element of BPMN 2.0");
                    self.error(
                        child,
                        "B004",
                        message,
                        "remove it, or put it into extensionElements",
                    );
                }
            }
        }
    }

    pub fn id_of(&mut self, source: Xml<'a, 'a>) -> Option<Text> {
        let id = source.attribute("id").filter(|id| !id.is_empty());
        if id.is_none() {
            let message = format!("<{}> has no id", source.tag_name().name());
            self.error(source, "B005", message, "give every element an id");
        }
        id.map(Into::into)
    }
}

pub(super) fn blank(
    id: Text,
    source: Xml<'_, '_>,
    scope: u32,
    kind: Kind,
    element_type: &'static str,
) -> Node {
    Node {
        id,
        name: source.attribute("name").map(Into::into),
        scope,
        element_type,
        kind,
        incoming: Vec::new(),
        outgoing: Vec::new(),
        default: None,
        boundaries: Vec::new(),
        handlers: Vec::new(),
        instantiates: false,
        marker: None,
        compensation: Compensation {
            is_handler: source.attribute("isForCompensation") == Some("true"),
            ..Compensation::default()
        },
        inputs: Vec::new(),
        outputs: Vec::new(),
        place: Place::default(),
        listeners: Vec::new(),
        policy: None,
    }
}

/// Child elements, without text and comments.
pub(super) fn elements<'a>(of: Xml<'a, 'a>) -> impl Iterator<Item = Xml<'a, 'a>> {
    of.children().filter(Xml::is_element)
}

/// The first BPMN child of this name.
pub(super) fn bpmn_child<'a>(of: Xml<'a, 'a>, name: &str) -> Option<Xml<'a, 'a>> {
    elements(of).find(|child| child.has_tag_name((BPMN, name)))
}
