//! `itemDefinition`: what types are made of.

use roxmltree::Node as Xml;

use super::{Reader, attribute_spot, schema, text, type_ref};
use crate::model::{FunctionItem, Item, Spot, Variable};

impl Reader<'_, '_, '_> {
    pub(super) fn item(&mut self, node: Xml<'_, '_>) -> Item {
        let name = self.name(node);
        if let Some(language) = node.attribute("typeLanguage").filter(|it| !schema::is_feel(it)) {
            let message = format!("the type language of \"{name}\" is {language}");
            self.error("D010", node, message, "define the type in FEEL's types");
        }
        let children: Vec<_> = self.all(node, "itemComponent").collect();
        let item = Item {
            at: node.range().start,
            name,
            type_ref: self.child(node, "typeRef").and_then(text).map(|it| trimmed(&it)),
            allowed: self.tests(node, "allowedValues"),
            constraint: self.tests(node, "typeConstraint"),
            components: children.into_iter().map(|child| self.item(child)).collect(),
            function: self.child(node, "functionItem").map(|function| self.function_item(function)),
            is_collection: node.attribute("isCollection").is_some_and(|it| it.trim() == "true"),
        };
        let kinds = [item.type_ref.is_some(), !item.components.is_empty(), item.function.is_some()];
        if kinds.iter().filter(|kind| **kind).count() > 1 {
            let message = format!(
                "expected \"{}\" to have one of typeRef, itemComponent and functionItem",
                item.name
            );
            self.error("D014", node, message, "keep one of them");
        }
        item
    }

    fn function_item(&mut self, node: Xml<'_, '_>) -> FunctionItem {
        let parameters: Vec<_> = self.all(node, "parameters").collect();
        FunctionItem {
            output: attribute_spot(node, "outputTypeRef"),
            parameters: parameters.into_iter().map(|it| self.variable(it)).collect(),
        }
    }

    /// An information item.
    pub(super) fn variable(&mut self, node: Xml<'_, '_>) -> Variable {
        Variable { at: node.range().start, name: self.name(node), type_ref: type_ref(node) }
    }
}

/// Without the blanks around it.
fn trimmed(spot: &Spot) -> Spot {
    let lead = spot.text.len() - spot.text.trim_start().len();
    Spot { text: spot.text.trim().into(), at: spot.at + lead }
}
