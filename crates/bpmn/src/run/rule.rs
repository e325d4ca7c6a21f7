//! Business rule tasks that call a decision.
//!
//! In:  the task; later the evaluation of its decision, or why there is none.
//! Out: what is asked for; the evaluation and what follows from it as events.
//! Absent: which version of the decision is meant, and its evaluation (see `engine`).

use base::limits::MESSAGE_BYTES_MAX;
use base::{ElementKey, Evaluation, Event, IncidentKind, Json, Stage, Text, Variables};
use instance::Ask;

use super::Run;
use super::activate::Stuck;
use crate::graph::{CalledDecision, Kind};

impl Run<'_, '_, '_> {
    /// Asks for the decision. The task waits for it, no longer than this batch.
    pub(super) fn call_decision(
        &mut self,
        called: &CalledDecision,
        owner: ElementKey,
    ) -> Result<(), Stuck> {
        let decision_id = self
            .text(&called.decision_id, owner, "the decision id")
            .map_err(|message| (IncidentKind::ExtractValueError, message))?;
        let seed = self.decision.draw_seed(owner);
        self.decision.ask(Ask::Evaluate { owner, decision_id, seed });
        Ok(())
    }

    /// The decision that `owner` asked for was evaluated. A failure is an incident, and resolving it
    /// evaluates again.
    pub fn decision_evaluated(mut self, owner: ElementKey, evaluation: Evaluation) {
        let Some(node) = self.node_of(owner) else { return };
        let Kind::Decision(called) = &node.kind else { return };
        let result = evaluation.output.clone().unwrap_or_else(Json::null);
        let evaluation = evaluation.bounded();
        let failure = evaluation.failure.clone();
        let (id, name) = (evaluation.id.clone(), evaluation.name.clone());
        self.decision.emit(Event::DecisionEvaluated { owner, evaluation: Box::new(evaluation) });
        if let Some(failure) = failure {
            let through = if failure.decision_id == id {
                String::new()
            } else {
                format!(", at \"{}\"", &*failure.decision_id)
            };
            let message =
                format!("\"{}\" cannot be decided{through}: {}", &*name, &*failure.message);
            self.no_decision(owner, IncidentKind::DecisionEvaluationError, &message);
        } else {
            let result = (called.result.shared(), result);
            self.leave_with(owner, Variables::from_iter([result]));
        }
        self.go();
    }

    /// There is no decision that `owner` could have meant, or its evaluation broke off.
    pub fn decision_missing(mut self, owner: ElementKey, kind: IncidentKind, message: &str) {
        self.no_decision(owner, kind, message);
    }

    fn no_decision(&mut self, owner: ElementKey, kind: IncidentKind, message: &str) {
        let Some(node) = self.node_of(owner) else { return };
        self.cancel_waits(owner);
        let message = Text::from(format!("{}: {message}", node.label())).cut(MESSAGE_BYTES_MAX);
        self.decision.raise(owner, kind, Stage::Entering, None, message);
    }

    /// After a quarantine a task may stand without what it asked for: it asks again.
    pub(super) fn ask_again(&mut self) {
        let state = self.decision.state();
        let stuck = |key: &ElementKey| state.incidents_of(*key).next().is_some();
        let tasks = state.elements().iter().filter(|(key, element)| {
            let asks = matches!(self.process.node(element.element).kind, Kind::Decision(_));
            asks && !stuck(key) && !self.is_body(**key) && !self.is_listening(**key)
        });
        let tasks: Vec<ElementKey> = tasks.map(|(key, _)| *key).collect();
        for task in tasks {
            self.cancel_waits(task);
            self.activate(task);
        }
    }
}
