//! Data objects, references to objects and stores, and data associations.
//!
//! In:  the XML of a process and of its elements.
//! Out: what they say about data, with references that lead nowhere.
//! Absent: refusals: data has no behaviour here.

use base::Text;
use roxmltree::Node as Xml;

use super::BPMN;
use super::builder::{Builder, Draft, bpmn_child, elements};
use crate::data::{Association, Dangling, Data, DataKind, DataObject, Direction};

impl<'a> Builder<'a> {
    /// All data of a draft.
    pub fn data(&mut self, draft: &Draft<'a>) -> Data {
        let mut data = Data::default();
        for (source, element) in draft.sources.iter().zip(0_u32..) {
            for child in elements(*source).filter(|it| it.tag_name().namespace() == Some(BPMN)) {
                let (object, direction) = (DataKind::Object, Direction::Input);
                match child.tag_name().name() {
                    "dataObject" => self.data_object(child, object, element, &mut data),
                    "dataObjectReference" => {
                        self.data_object(child, DataKind::ObjectReference, element, &mut data);
                    }
                    "dataStoreReference" => {
                        self.data_object(child, DataKind::StoreReference, element, &mut data);
                    }
                    "dataInputAssociation" => {
                        self.association(child, direction, element, &mut data);
                    }
                    "dataOutputAssociation" => {
                        self.association(child, Direction::Output, element, &mut data);
                    }
                    _ => {}
                }
            }
        }
        data
    }

    fn data_object(&mut self, source: Xml<'a, 'a>, kind: DataKind, scope: u32, data: &mut Data) {
        // Nothing can refer to what has no id.
        let Some(id) = source.attribute("id").filter(|id| !id.is_empty()) else { return };
        let by = match kind {
            DataKind::Object => None,
            DataKind::ObjectReference => Some("dataObjectRef"),
            DataKind::StoreReference => Some("dataStoreRef"),
        };
        let refers_to = by.and_then(|by| source.attribute(by)).map(local);
        let target = refers_to.and_then(|id| self.with_id(id));
        if let (Some(by), Some(id), None) = (by, refers_to, target) {
            self.dangling(source, scope, by, id, data);
        }
        let is_collection = |it: Xml<'a, 'a>| it.attribute("isCollection") == Some("true");
        let name = |it: Xml<'a, 'a>| it.attribute("name").filter(|name| !name.is_empty());
        data.objects.push(DataObject {
            id: id.into(),
            name: name(source).or_else(|| target.and_then(name)).map(Into::into),
            kind,
            collection: is_collection(source) || target.is_some_and(is_collection),
            refers_to: refers_to.map(Into::into),
            scope,
            place: self.places.at(source.range().start),
        });
    }

    fn association(
        &mut self,
        source: Xml<'a, 'a>,
        direction: Direction,
        element: u32,
        data: &mut Data,
    ) {
        let text = |node: Xml<'a, 'a>| node.text().map_or("", str::trim);
        let refers = elements(source).filter(|child| child.has_tag_name((BPMN, "sourceRef")));
        let sources: Vec<Xml<'a, 'a>> = refers.collect();
        let target = bpmn_child(source, "targetRef");
        for (by, node) in sources
            .iter()
            .map(|node| ("sourceRef", *node))
            .chain(target.map(|it| ("targetRef", it)))
        {
            let id = local(text(node));
            if self.with_id(id).is_none() {
                self.dangling(node, element, by, id, data);
            }
        }
        data.associations.push(Association {
            element,
            direction,
            sources: sources.into_iter().map(|node| local(text(node)).into()).collect(),
            target: target.map(|node| Text::from(local(text(node)))),
            place: self.places.at(source.range().start),
        });
    }

    fn dangling(&self, at: Xml<'a, 'a>, element: u32, by: &str, id: &str, data: &mut Data) {
        let place = self.places.at(at.range().start);
        data.dangling.push(Dangling { element, by: by.into(), id: id.into(), place });
    }
}

/// An id without the prefix of its namespace.
fn local(id: &str) -> &str {
    id.rsplit(':').next().unwrap_or(id)
}
