//! Data objects, stores and associations that refer to what does not exist.

use super::codes::DATA_NOT_FOUND;
use super::model::{Found, Model};

pub(super) fn check(model: &Model<'_>, found: &mut Found<'_>) {
    for dangling in &model.process.data.dangling {
        let message = format!("{} \"{}\" of data leads nowhere", dangling.by, dangling.id);
        let help = "correct the reference, or remove it";
        found.warn_at(dangling.element, dangling.place, DATA_NOT_FOUND, message, help);
    }
}
