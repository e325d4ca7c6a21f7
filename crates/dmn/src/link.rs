//! One graph of the elements of all files: imports and hrefs are resolved.
//!
//! In:  the models; the first is the one that was asked for, the others are there to be imported.
//! Out: a [`Graph`] without cycles of information; findings for what leads nowhere.
//! Absent: types and FEEL (see `compile`).

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Element, ElementKind, Import, Item, Model, Spot};
use crate::report::Report;

/// The elements of all files that the first one reaches by imports.
#[derive(Debug)]
pub(crate) struct Graph {
    pub models: Vec<Model>,
    /// Number of the file that each import leads to, in the order of [`Model::imports`].
    pub imported: Vec<Vec<Option<usize>>>,
    pub nodes: Vec<Node>,
    /// Whether the first file reaches each one.
    pub reached: Vec<bool>,
    /// Places of each file's item definitions by name.
    items: Vec<BTreeMap<String, usize>>,
}

/// An element and what it refers to, as numbers of [`Graph::nodes`].
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub model: usize,
    /// Place in [`Model::elements`].
    pub place: usize,
    pub information: Vec<usize>,
    pub knowledge: Vec<usize>,
    pub outputs: Vec<usize>,
    pub input_decisions: Vec<usize>,
    pub input_data: Vec<usize>,
}

/// What an href may lead to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Information,
    Decision,
    Input,
    Function,
    Any,
}

impl Graph {
    pub fn element(&self, node: usize) -> &Element {
        let Node { model, place, .. } = self.nodes[node];
        &self.models[model].elements[place]
    }

    /// An item definition by its name; the first, where there are several.
    pub fn item(&self, model: usize, name: &str) -> Option<&Item> {
        self.models[model].items.get(*self.items[model].get(name)?)
    }

    /// What names of an imported file begin with, as `from` sees them; `None` if `from` does not
    /// import it. Its own names begin with nothing.
    pub fn prefix(&self, from: usize, to: usize) -> Option<&str> {
        if from == to {
            return Some("");
        }
        let place = self.imported[from].iter().position(|imported| *imported == Some(to))?;
        Some(&self.models[from].imports[place].name)
    }
}

/// Links the models. Those that could not be read at all are missing, and so is what refers to them.
pub(crate) fn link(models: Vec<Option<Model>>, report: &mut Report<'_>) -> Option<Graph> {
    models.first()?.as_ref()?;
    let models: Vec<Model> = models.into_iter().map(Option::unwrap_or_default).collect();
    let imported = models
        .iter()
        .map(|model| model.imports.iter().map(|import| find_model(&models, import)).collect())
        .collect();
    let items = models.iter().map(item_places).collect();
    let reached = vec![false; models.len()];
    let mut graph = Graph { reached, models, imported, nodes: vec![], items };
    graph.reach();
    report.keep_only(&graph.reached);
    for number in 0..graph.models.len() {
        if graph.reached[number] {
            graph.check_imports(number, report);
            graph.add_nodes(number);
        }
    }
    Linker::new(&graph).resolve(&mut graph, report);
    break_cycles(&mut graph, report);
    Some(graph)
}

fn item_places(model: &Model) -> BTreeMap<String, usize> {
    // The first of a name comes last here, and so stays.
    let items = model.items.iter().enumerate().rev();
    items.map(|(place, item)| (item.name.clone(), place)).collect()
}

fn find_model(models: &[Model], import: &Import) -> Option<usize> {
    models.iter().position(|model| model.namespace == import.namespace)
}

impl Graph {
    fn reach(&mut self) {
        let mut open = vec![0];
        while let Some(number) = open.pop() {
            if !std::mem::replace(&mut self.reached[number], true) {
                open.extend(self.imported[number].iter().flatten());
            }
        }
    }

    fn check_imports(&self, number: usize, report: &mut Report<'_>) {
        report.enter(number, None);
        let imports = &self.models[number].imports;
        for (place, import) in imports.iter().enumerate() {
            let twice = |known: &Import| known.name == import.name && !import.name.is_empty();
            if imports[..place].iter().any(twice) {
                let message = format!("two imports have the name \"{}\"", import.name);
                report.error("D006", import.at, message, "rename one of them");
            }
            let namespace = &import.namespace;
            if self.imported[number][place].is_some() {
                self.check_only(import, report);
                continue;
            }
            if import.is_dmn {
                let message = format!("no file with the namespace \"{namespace}\" was given");
                report.error(
                    "D011",
                    import.at,
                    message,
                    "give the imported file together with this one",
                );
            } else {
                let message = format!("\"{namespace}\" is not imported: only DMN is");
                report.warning("D011", import.at, message, "copy what is needed into a DMN file");
            }
        }
    }

    /// Which of two files is meant cannot be known.
    fn check_only(&self, import: &Import, report: &mut Report<'_>) {
        let namespace = &import.namespace;
        let with_it = |(_, model): &(usize, &Model)| model.namespace == *namespace;
        let files: Vec<&str> = self
            .models
            .iter()
            .enumerate()
            .filter(with_it)
            .map(|(number, _)| report.sources()[number].file.unwrap_or("this one"))
            .collect();
        if files.len() > 1 {
            let message =
                format!("several files have the namespace \"{namespace}\": {}", files.join(", "));
            report.error("D011", import.at, message, "give only the one that is meant");
        }
    }

    fn add_nodes(&mut self, model: usize) {
        let places = 0..self.models[model].elements.len();
        self.nodes.extend(places.map(|place| Node { model, place, ..Node::default() }));
    }
}

/// Finds elements by their hrefs.
struct Linker {
    ids: BTreeMap<(usize, String), usize>,
}

impl Linker {
    fn new(graph: &Graph) -> Self {
        let mut ids = BTreeMap::new();
        for (number, node) in graph.nodes.iter().enumerate() {
            if let Some(id) = &graph.element(number).id {
                ids.entry((node.model, id.clone())).or_insert(number);
            }
        }
        Self { ids }
    }

    fn resolve(&self, graph: &mut Graph, report: &mut Report<'_>) {
        let mut names = BTreeSet::new();
        for number in 0..graph.nodes.len() {
            let element = graph.element(number);
            let model = graph.nodes[number].model;
            report.enter(model, element.id.as_deref());
            self.check_unique(graph, number, &mut names, report);
            let mut node = Node { model, place: graph.nodes[number].place, ..Node::default() };
            let mut find = |hrefs: &[Spot], wanted| self.find(graph, model, hrefs, wanted, report);
            match &element.kind {
                ElementKind::Decision(decision) => {
                    node.information = find(&decision.information, Wanted::Information);
                    node.knowledge = find(&decision.knowledge, Wanted::Function);
                    find(&decision.authority, Wanted::Any);
                }
                ElementKind::Knowledge(knowledge) => {
                    node.knowledge = find(&knowledge.required, Wanted::Function);
                    find(&knowledge.authority, Wanted::Any);
                }
                ElementKind::Service(service) => {
                    node.outputs = find(&service.outputs, Wanted::Decision);
                    node.input_decisions = find(&service.input_decisions, Wanted::Decision);
                    node.input_data = find(&service.input_data, Wanted::Input);
                    find(&service.encapsulated, Wanted::Decision);
                }
                ElementKind::Input | ElementKind::Source => {}
            }
            graph.nodes[number] = node;
        }
    }

    fn check_unique(
        &self,
        graph: &Graph,
        number: usize,
        names: &mut BTreeSet<(usize, String)>,
        report: &mut Report<'_>,
    ) {
        let element = graph.element(number);
        let model = graph.nodes[number].model;
        if let Some(id) = &element.id {
            let first = self.ids.get(&(model, id.clone()));
            if first.is_some_and(|first| *first != number) {
                let message = format!("two elements have the id \"{id}\"");
                report.error("D006", element.at, message, "give each element an id of its own");
            }
        }
        let is_named = !matches!(element.kind, ElementKind::Source) && !element.name.is_empty();
        if is_named && !names.insert((model, element.name.clone())) {
            let message = format!("two elements have the name \"{}\"", element.name);
            report.warning(
                "D006",
                element.at,
                message,
                "rename one: by its name the first is meant",
            );
        }
    }

    fn find(
        &self,
        graph: &Graph,
        from: usize,
        hrefs: &[Spot],
        wanted: Wanted,
        report: &mut Report<'_>,
    ) -> Vec<usize> {
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        for href in hrefs {
            match self.find_one(graph, from, href, wanted) {
                Ok(None) => {}
                Ok(Some(node)) if !seen.insert(node) => {
                    let message = format!("\"{}\" is required twice", href.text);
                    report.warning("D007", href.at, message, "remove one of the requirements");
                }
                Ok(Some(node)) => found.push(node),
                Err((message, help)) => report.error("D007", href.at, message, help),
            }
        }
        found
    }

    /// `None` for what is in a file that is missing, which was said at its import.
    fn find_one(
        &self,
        graph: &Graph,
        from: usize,
        href: &Spot,
        wanted: Wanted,
    ) -> Result<Option<usize>, (String, String)> {
        let text = &href.text;
        let Some((namespace, id)) = text.rsplit_once('#') else {
            let message = format!("expected an href like \"#id\", but found \"{text}\"");
            return Err((message, format!("write \"#{text}\"")));
        };
        let model = if namespace.is_empty() || namespace == graph.models[from].namespace {
            from
        } else {
            let imported =
                |to: &Option<usize>| to.is_some_and(|to| graph.models[to].namespace == namespace);
            let found = graph.imported[from].iter().copied().find(imported).flatten();
            match found {
                Some(model) => model,
                None if graph.models[from].imports.iter().any(|it| it.namespace == namespace) => {
                    return Ok(None);
                }
                None => {
                    let message = format!("\"{text}\" is in a model that this one does not import");
                    return Err((message, format!("add <import namespace=\"{namespace}\" ...>")));
                }
            }
        };
        let Some(&node) = self.ids.get(&(model, id.to_owned())) else {
            let message = format!("there is no element with the id \"{id}\"");
            return Err((message, "correct the href, or remove what refers to it".into()));
        };
        let kind = &graph.element(node).kind;
        let expected = match (wanted, kind) {
            (Wanted::Any, _)
            | (Wanted::Decision | Wanted::Information, ElementKind::Decision(_))
            | (Wanted::Input | Wanted::Information, ElementKind::Input)
            | (Wanted::Function, ElementKind::Knowledge(_) | ElementKind::Service(_)) => {
                return Ok(Some(node));
            }
            (Wanted::Decision, _) => "a decision",
            (Wanted::Input, _) => "an inputData",
            (Wanted::Information, _) => "a decision or an inputData",
            (Wanted::Function, _) => "a businessKnowledgeModel or a decisionService",
        };
        let message = format!("expected {expected}, but \"{id}\" is a {}", kind.word());
        Err((message, "refer to an element of the right kind".into()))
    }
}

/// Refuses decisions that require themselves, and takes out the requirement that closes the circle,
/// so that what is left can be evaluated. Without recursion: a graph may be as deep as a file is long.
fn break_cycles(graph: &mut Graph, report: &mut Report<'_>) {
    const UNSEEN: u8 = 0;
    const OPEN: u8 = 1;
    const DONE: u8 = 2;
    let mut state = vec![UNSEEN; graph.nodes.len()];
    for start in 0..graph.nodes.len() {
        if state[start] != UNSEEN {
            continue;
        }
        state[start] = OPEN;
        // A node and how many of its requirements were looked at.
        let mut path = vec![(start, 0)];
        while let Some(&mut (node, ref mut seen)) = path.last_mut() {
            let Some(&next) = graph.nodes[node].information.get(*seen) else {
                state[node] = DONE;
                path.pop();
                continue;
            };
            *seen += 1;
            if state[next] == UNSEEN {
                state[next] = OPEN;
                path.push((next, 0));
            } else if state[next] == OPEN {
                *seen -= 1;
                let place = *seen;
                let nodes: Vec<usize> = path.iter().map(|(node, _)| *node).collect();
                refuse_cycle(graph, &nodes, next, report);
                graph.nodes[node].information.remove(place);
            }
        }
    }
}

fn refuse_cycle(graph: &Graph, path: &[usize], start: usize, report: &mut Report<'_>) {
    const NAMES_MAX: usize = 8;
    let from = path.iter().position(|node| *node == start).unwrap_or(0);
    let mut names: Vec<&str> = path[from..]
        .iter()
        .take(NAMES_MAX)
        .map(|node| graph.element(*node).name.as_str())
        .collect();
    if path.len() - from > NAMES_MAX {
        names.push("...");
    }
    names.push(&graph.element(start).name);
    let element = graph.element(start);
    report.enter(graph.nodes[start].model, element.id.as_deref());
    let message = format!("the decision requires itself: {}", names.join(" -> "));
    report.error("D008", element.at, message, "remove one of these requirements");
}
