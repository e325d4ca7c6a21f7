//! Setting an entered element to work: input mappings, boundary events, then what its kind does.

use base::{
    ElementKey, Event, IncidentKind, JobExtra, JobKey, ListenerEvent, Stage, Text, UserTaskDetails,
    Variables,
};

use super::Run;
use crate::graph::{JobSpec, Kind, Node, Trigger, UserTaskSpec, Value};
use crate::timer;

/// Why an element could not be set to work.
pub(super) type Stuck = (IncidentKind, String);

impl<'p> Run<'p, '_, '_> {
    /// Does the work of entering; an incident says what was wrong, and resolving it tries again.
    pub(super) fn activate(&mut self, key: ElementKey) {
        let Some(node) = self.node_of(key) else { return };
        if self.is_reentered(key) {
            return self.reenter(key);
        }
        let turn = self.is_turn(key);
        let activated = match &node.marker {
            Some(marker) if !turn => self.enter_loop(node, marker, key),
            Some(_) | None => self.try_activate(node, key, turn),
        };
        if let Err((kind, message)) = activated {
            self.cancel_waits(key);
            let message = format!("{}: {message}", node.label());
            self.decision.raise(key, kind, Stage::Entering, None, message);
        }
    }

    fn try_activate(&mut self, node: &'p Node, key: ElementKey, turn: bool) -> Result<(), Stuck> {
        if !node.inputs.is_empty() {
            // A turn has variables of its own already: its item, its number.
            let scope = if turn { key } else { self.reads_from(node, key) };
            let variables =
                self.map(&node.inputs, scope).map_err(|m| (IncidentKind::IoMappingError, m))?;
            self.set_variables(key, variables);
        }
        if node.listens(ListenerEvent::Start) {
            self.listen(key, ListenerEvent::Start, None);
            return Ok(());
        }
        self.work(node, key, turn)
    }

    /// Sets to work what has called its start listeners. What cannot be set up is an incident, and
    /// resolving it tries again without calling them.
    pub(super) fn set_to_work(&mut self, key: ElementKey) {
        let Some(node) = self.node_of(key) else { return };
        if let Err((kind, message)) = self.work(node, key, self.is_turn(key)) {
            self.cancel_waits(key);
            let message = format!("{}: {message}", node.label());
            self.decision.raise(key, kind, Stage::Activating, None, message);
        }
    }

    fn work(&mut self, node: &'p Node, key: ElementKey, turn: bool) -> Result<(), Stuck> {
        if !turn {
            self.wait_at_boundaries(node, key)?;
            self.set_policy_timers(node, key)?;
            if !self.lives_on(key) {
                return Ok(());
            }
        }
        let extract = |message| (IncidentKind::ExtractValueError, message);
        match &node.kind {
            Kind::Job(spec) => {
                let extra = self.job_extra(node, key).map_err(extract)?;
                self.create_job(spec, key, extra).map_err(extract)?;
                if Self::is_side_effect(node) {
                    self.detach(node, key)?;
                }
            }
            Kind::Decision(called) => self.call_decision(called, key)?,
            Kind::Call(called) => self.call_process(called, key)?,
            Kind::UserTask(spec) => self.create_task(node, spec, key).map_err(extract)?,
            Kind::Start(Trigger::All(parts)) if node.scope == 0 => {
                self.wait_for_others(key, parts)?;
            }
            Kind::Start(_) | Kind::Pass | Kind::Parallel | Kind::Catch(Trigger::Link(_)) => {
                self.leave(key);
            }
            Kind::Catch(trigger) => {
                let element =
                    self.decision.state().element(key).map_or(0, |element| element.element);
                self.wait_for(key, element, trigger, true)?;
            }
            Kind::EventBased { .. } => {
                for flow in &node.outgoing {
                    let target = self.process.flow(*flow).target;
                    if let Kind::Catch(trigger) = &self.process.node(target).kind {
                        self.wait_for(key, target, trigger, true)?;
                    }
                }
            }
            Kind::SubProcess { start } | Kind::EventSubProcess { start, .. } => {
                self.open_handlers(node, key)?;
                self.push_enter(*start, key, None);
            }
            Kind::AdHoc(ad_hoc) => self.enter_ad_hoc(node, ad_hoc, key)?,
            Kind::Script { expression, result } => {
                let (value, why) = self.evaluate(expression, key);
                if value.is_null() && !why.is_empty() {
                    let message = super::values::unfit(
                        "the script's result",
                        "a value",
                        expression,
                        &value,
                        &why,
                    );
                    return Err(extract(message));
                }
                let result = (result.shared(), base::Json::trusted(value.to_json()));
                self.leave_with(key, Variables::from_iter([result]));
            }
            Kind::Exclusive => self.choose(node, key)?,
            Kind::Inclusive => self.split(node, key)?,
            Kind::Complex { .. } => self.split_complex(node, key)?,
            Kind::End(throws) | Kind::Throw(throws) => self.throw_all(throws, key)?,
            Kind::Compensate { activity, wait } => self.compensate(key, *activity, *wait),
            Kind::Cancel => self.cancel_transaction(key),
            // Entered by what triggers them, or by the creation of the instance.
            Kind::Process { .. } | Kind::Boundary { .. } => {}
        }
        Ok(())
    }

    /// Waits for what triggers the boundary events of `key`.
    pub(super) fn wait_at_boundaries(&mut self, node: &Node, key: ElementKey) -> Result<(), Stuck> {
        for boundary in &node.boundaries {
            if let Kind::Boundary { interrupting, trigger, .. } = &self.process.node(*boundary).kind
            {
                self.wait_for(key, *boundary, trigger, *interrupting)?;
            }
        }
        Ok(())
    }

    /// Takes the first flow whose condition holds, else the default (BPMN 2.0.2, 13.4.2).
    fn choose(&mut self, node: &Node, key: ElementKey) -> Result<(), Stuck> {
        let scope = self.scope_of(key).unwrap_or(key);
        let mut chosen = None;
        for flow in &node.outgoing {
            if Some(*flow) == node.default {
                continue;
            }
            let Some(condition) = &self.process.flow(*flow).condition else {
                chosen = Some(*flow);
                break;
            };
            // What its listeners have set is its own.
            if self.flow_holds(*flow, condition, key)? {
                chosen = Some(*flow);
                break;
            }
        }
        let Some(flow) = chosen.or(node.default) else {
            return Err((IncidentKind::ConditionError, self.no_flow(node)));
        };
        self.decision.emit(Event::ElementCompleted { key });
        self.steps.push(super::Step::Check { scope });
        self.push_enter(self.process.flow(flow).target, scope, Some(flow));
        Ok(())
    }

    pub(super) fn create_job(
        &mut self,
        spec: &JobSpec,
        owner: ElementKey,
        extra: Option<Box<JobExtra>>,
    ) -> Result<(), String> {
        let job_type = self.text(&spec.job_type, owner, "the job type")?;
        let retries = self.scalar(&spec.retries, owner, "the retries")?;
        let retries: i32 =
            retries.parse().ok().filter(|retries| *retries >= 1).ok_or_else(|| {
                format!("expected the retries to be a whole number above 0, but found `{retries}`")
            })?;
        let job = JobKey(self.decision.next_key());
        self.decision.emit(Event::JobCreated { job, owner, job_type, retries, extra });
        Ok(())
    }

    fn create_task(
        &mut self,
        node: &Node,
        spec: &UserTaskSpec,
        owner: ElementKey,
    ) -> Result<(), String> {
        let optional = |value: &Option<Value>, what| match value {
            None => Ok(None),
            Some(Value::Feel(expression)) if self.evaluate(expression, owner).0.is_null() => {
                Ok(None)
            }
            Some(value) => self.scalar(value, owner, what).map(Some),
        };
        let date = |text: Option<Text>| text.map(|text| timer::date_ms(&text)).transpose();
        let names = |value: &Option<Value>, what| match value {
            None => Ok(Vec::new()),
            Some(Value::Feel(expression)) if self.evaluate(expression, owner).0.is_null() => {
                Ok(Vec::new())
            }
            Some(value) => self.names(value, owner, what),
        };
        let priority = match optional(&spec.priority, "the priority")? {
            None => 50,
            Some(text) => {
                text.parse().ok().filter(|priority| (0..=100).contains(priority)).ok_or_else(
                    || format!("expected the priority to be 0 to 100, but found `{text}`"),
                )?
            }
        };
        let details = UserTaskDetails {
            assignee: optional(&spec.assignee, "the assignee")?,
            candidate_groups: names(&spec.candidate_groups, "the candidate groups")?,
            candidate_users: names(&spec.candidate_users, "the candidate users")?,
            due_ms: match date(optional(&spec.due_date, "the due date")?)? {
                None => self.due_by_policy(node, owner)?,
                due => due,
            },
            follow_up_ms: date(optional(&spec.follow_up_date, "the follow-up date")?)?,
            priority,
        };
        self.task_comes_up(owner, details);
        Ok(())
    }
}
