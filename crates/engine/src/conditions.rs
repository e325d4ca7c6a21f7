//! Conditional start events of processes: evaluated when a caller asks, with the caller's variables.
//!
//! In:  variables; one definition, or all processes by their latest versions.
//! Out: an instance for each condition that holds, all in one batch.
//! Absent: conditions inside of instances (see `bpmn`).

use base::{DefinitionKey, Outcome, Rejection, Reply, Text, Variables};
use bpmn::Trigger;

use crate::create::{Begin, Start};
use crate::input::Read;
use crate::shard::Shard;

impl Shard {
    /// What must be read before the conditions can be evaluated.
    pub(crate) fn conditions_need(&self, definition: Option<DefinitionKey>) -> Option<Read> {
        let asked = self.conditional(definition).ok()?;
        asked.into_iter().find_map(|key| self.definition_need(key))
    }

    /// Definitions whose conditions are asked for.
    fn conditional(
        &self,
        definition: Option<DefinitionKey>,
    ) -> Result<Vec<DefinitionKey>, Rejection> {
        let all = self.catalog.started_by(base::signal::CONDITIONS);
        let Some(key) = definition else {
            return Ok(all.into_iter().map(|(_, key)| key).collect());
        };
        let head = self.catalog.resolve(&base::DefinitionRef::Key(key))?;
        if all.iter().any(|(_, known)| *known == key) {
            return Ok(vec![key]);
        }
        Err(Rejection::state(format!(
            "expected the latest version of a process with a conditional start event, but {key} is \
             version {} of `{}`, which is not the latest or has none; name another, or leave it out",
            head.version, &*head.id
        )))
    }

    /// Starts an instance for each start event whose condition holds; nothing is started if one of
    /// them cannot be evaluated.
    pub(crate) fn evaluate_conditions(
        &mut self,
        definition: Option<DefinitionKey>,
        variables: &Variables,
    ) -> Outcome {
        let asked = self.conditional(definition)?;
        let evaluation = self.own_key();
        let mut holding: Vec<(DefinitionKey, u32)> = Vec::new();
        for key in asked {
            let Ok(found) = self.usable(key) else { continue };
            for (element, trigger) in found.process.starts() {
                let Trigger::Condition(condition) = trigger else { continue };
                // A key is given once; no two conditions share what is random in them.
                let seed = evaluation.raw().rotate_left(32) ^ key.0.raw() ^ u64::from(element);
                let holds = condition.holds_for(variables, (self.now_ms, seed));
                let id = found.process.id_of(element).cloned().unwrap_or_else(Text::default);
                let holds = holds.map_err(|why| {
                    Rejection::invalid(format!(
                        "the start event `{}` of the process `{}`: {why}; nothing was started",
                        &*id, &*found.row.id
                    ))
                })?;
                if holds {
                    holding.push((key, element));
                }
            }
        }
        let mut started = Vec::new();
        for (definition, element) in holding {
            let start = Start {
                definition,
                begin: Begin::Start(element),
                variables: variables.clone(),
                end_after: Vec::new(),
                business_id: None,
                tags: Vec::new(),
                message: None,
                parent: None,
            };
            let instance = self.start(start)?;
            started.extend(self.cache.get(instance).map(crate::create::created));
        }
        Ok(Reply::Conditions { evaluation, started })
    }
}
