//! What an ad-hoc sub-process offers: the value of its variable `adHocSubProcessElements`.
//!
//! In:  a draft whose flows are connected.
//! Out: a list of contexts, in the order of the model, as Camunda 8 names their entries; what is not
//!      said in the model has no entry.
//! Absent: who chooses among them (see `run::ad_hoc`).

use std::fmt::Write as _;

use base::Json;
use feel::FromAi;
use roxmltree::Node as Xml;

use super::ZEEBE;
use super::builder::{Builder, Draft, bpmn_child, elements};
use crate::graph::{Kind, Node};

impl<'a> Builder<'a> {
    /// Writes what an ad-hoc sub-process offers into it.
    pub(super) fn set_offers(&mut self, draft: &mut Draft<'a>, number: usize) {
        let scope = u32::try_from(number).unwrap_or(u32::MAX);
        let begins = |at: &usize| {
            let node = &draft.nodes[*at];
            *at != number && node.scope == scope && node.begins_by_choice()
        };
        let offers = (0..draft.nodes.len()).filter(begins);
        let offers = offers.map(|at| {
            let source = draft.sources[at];
            offer(&draft.nodes[at], source, &self.ai_parameters(source))
        });
        let list = format!("[{}]", offers.collect::<Vec<_>>().join(","));
        if let Kind::AdHoc(ad_hoc) = &mut draft.nodes[number].kind {
            ad_hoc.offers = Json::trusted(list);
        }
    }
}

fn offer(node: &Node, source: Xml<'_, '_>, parameters: &[FromAi]) -> String {
    let mut json = format!("{{\"elementId\":{}", Json::string(&node.id).as_str());
    let mut entry = |name: &str, value: &str| {
        let _ = write!(json, ",\"{name}\":{value}");
    };
    if let Some(name) = node.name.as_ref().filter(|name| !name.is_empty()) {
        entry("elementName", Json::string(name).as_str());
    }
    let documentation = bpmn_child(source, "documentation").and_then(|it| it.text());
    if let Some(text) = documentation.map(str::trim).filter(|text| !text.is_empty()) {
        entry("documentation", Json::string(text).as_str());
    }
    if let Some(properties) = properties(source) {
        entry("properties", &properties);
    }
    if !parameters.is_empty() {
        let all: Vec<String> = parameters.iter().map(parameter).collect();
        entry("parameters", &format!("[{}]", all.join(",")));
    }
    json.push('}');
    json
}

fn parameter(parameter: &FromAi) -> String {
    let mut json = format!("{{\"name\":{}", Json::string(&parameter.name).as_str());
    for (name, value) in &parameter.tags {
        let _ = write!(json, ",\"{name}\":{}", value.to_json());
    }
    json.push('}');
    json
}

/// `zeebe:properties` as a context; the last of a name counts.
fn properties(source: Xml<'_, '_>) -> Option<String> {
    let extensions = bpmn_child(source, "extensionElements")?;
    let all = elements(extensions).filter(|it| it.has_tag_name((ZEEBE, "properties")));
    let mut said: Vec<(&str, &str)> = Vec::new();
    for property in all.flat_map(elements) {
        let Some(name) = property.attribute("name").filter(|name| !name.is_empty()) else {
            continue;
        };
        said.retain(|(known, _)| *known != name);
        said.push((name, property.attribute("value").unwrap_or_default()));
    }
    let pair = |(name, value): &(&str, &str)| {
        format!("{}:{}", Json::string(name).as_str(), Json::string(value).as_str())
    };
    let pairs: Vec<String> = said.iter().map(pair).collect();
    (!pairs.is_empty()).then(|| format!("{{{}}}", pairs.join(",")))
}
