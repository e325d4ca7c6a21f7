//! Starting and cancelling instances.

use std::collections::BTreeSet;
use std::sync::Arc;

use base::limits::{NAME_BYTES_MAX, TAGS_MAX};
use base::{
    ActivateElement, Command, CorrelationSource, CreateInstance, CreatedInstance, DefinitionKey,
    InstanceCreated, InstanceKey, Outcome, Parent, Rejection, RejectionKind, Reply, Text,
    Variables,
};
use bpmn::{Kind, Run};
use instance::{Instance, Status};

use crate::cache::Entry;
use crate::catalog::Definition;
use crate::input::Ticket;
use crate::shard::Shard;

/// How an instance is to be started.
pub(crate) struct Start {
    pub(crate) definition: DefinitionKey,
    pub(crate) begin: Begin,
    pub(crate) variables: Variables,
    /// The elements after which it is ended.
    pub(crate) end_after: Vec<u32>,
    pub(crate) business_id: Option<Text>,
    pub(crate) tags: Vec<Text>,
    pub(crate) message: Option<CorrelationSource>,
    /// The call activity that starts it.
    pub(crate) parent: Option<Parent>,
}

/// Where an instance begins.
pub(crate) enum Begin {
    /// At this start event.
    Start(u32),
    /// Before these elements.
    At(Vec<u32>),
}

impl Shard {
    /// Decides about a command and answers it, now or when the instance ends.
    pub(crate) fn command(&mut self, ticket: Ticket, command: Command) {
        let outcome = match command {
            Command::Create(create) => match self.create(create, ticket).transpose() {
                None => return,
                Some(outcome) => outcome,
            },
            Command::Modify(modify) => self.modify(&modify),
            Command::Migrate(migrate) => self.migrate(&migrate),
            Command::Cancel { instance } => self.cancel(instance),
            Command::DeleteResource { resource } => self.delete_resource(resource),
            Command::DeleteInstance { instance } => self.delete_instance(instance),
            Command::Suspend { instance, reason } => self.suspend(instance, &reason),
            Command::Resume { instance } => self.resume(instance),
            Command::ActivateJobs(activate) => self.activate_jobs(&activate),
            Command::CompleteJob { job, variables } => self.complete_job(job, variables),
            Command::FailJob(fail) => self.fail_job(fail),
            Command::ThrowError(throw) => self.throw_error(throw),
            Command::UpdateJob { job, retries, timeout_ms } => {
                self.update_job(job, retries, timeout_ms)
            }
            Command::Publish(publish) => self.publish(publish),
            Command::Broadcast { signal, variables } => self.broadcast_for(&signal, &variables),
            Command::Evaluate(evaluate) => self.evaluate_decision(&evaluate),
            Command::EvaluateConditions { definition, variables } => {
                self.evaluate_conditions(definition, &variables)
            }
            Command::ActivateElements { owner, elements, cancel_remaining } => {
                self.activate_elements(owner, elements, cancel_remaining)
            }
            Command::ResolveIncident { incident } => self.resolve_incident(incident),
            Command::SetVariables { scope, variables, local } => {
                match self.set_variables(scope, variables, local, ticket).transpose() {
                    None => return,
                    Some(outcome) => outcome,
                }
            }
            Command::UpdateTask { task, patch } => {
                match self.update_task(task, patch, ticket).transpose() {
                    None => return,
                    Some(outcome) => outcome,
                }
            }
            Command::CompleteTask { task, variables, action } => {
                match self.complete_task(task, variables, &action, ticket).transpose() {
                    None => return,
                    Some(outcome) => outcome,
                }
            }
            Command::AnswerListener { job, result } => self.answer_listener(job, *result),
            Command::AnswerAdHoc { job, variables, result } => {
                self.answer_ad_hoc(job, variables, *result)
            }
        };
        self.reply(ticket, outcome);
    }

    fn create(
        &mut self,
        create: CreateInstance,
        ticket: Ticket,
    ) -> Result<Option<Reply>, Rejection> {
        check_name("the business id", create.business_id.as_deref().unwrap_or_default())?;
        if create.tags.len() > TAGS_MAX {
            return Err(Rejection::invalid(format!(
                "expected at most {TAGS_MAX} tags, but found {}",
                create.tags.len()
            )));
        }
        let key = self.catalog.resolve(&create.definition)?.key;
        if let Some(Some(holder)) = self.read.business_id {
            return Err(Rejection::new(
                RejectionKind::AlreadyExists,
                format!(
                    "expected the business id `{}` to be free, but the active instance {holder} of \
                     this process has it; nothing was started",
                    create.business_id.as_deref().unwrap_or_default()
                ),
            ));
        }
        let begin = self.beginning(key, &create.start_at)?;
        let end_after = self.ending(key, &create.end_after)?;
        let start = Start {
            definition: key,
            begin,
            variables: create.variables,
            end_after,
            business_id: create.business_id,
            tags: create.tags,
            message: None,
            parent: None,
        };
        if let Some(wanted) = create.await_result {
            // The instance may end within this very decision, so the caller waits already.
            let instance = InstanceKey(self.keys.take(1));
            self.waiters.insert(instance, vec![(ticket, wanted)]);
            if let Err(rejection) = self.start_as(instance, start, 0) {
                self.waiters.remove(&instance);
                return Err(rejection);
            }
            return Ok(None);
        }
        let instance = InstanceKey(self.keys.take(1));
        self.start_as(instance, start, 0)?;
        Ok(self.cache.get(instance).map(|entry| Reply::Created(created(entry))))
    }

    /// Where an instance begins for which somebody has named these elements.
    fn beginning(&self, key: DefinitionKey, start_at: &[Text]) -> Result<Begin, Rejection> {
        if start_at.is_empty() {
            return self.none_start(key).map(Begin::Start);
        }
        crate::change::bounded("start instructions", start_at.len())?;
        let process = &self.usable(key)?.process;
        let elements = start_at.iter().map(|id| process.startable(id));
        elements.collect::<Result<_, _>>().map(Begin::At)
    }

    /// The elements after which an instance is ended, each once.
    fn ending(&self, key: DefinitionKey, end_after: &[Text]) -> Result<Vec<u32>, Rejection> {
        crate::change::bounded("runtime instructions", end_after.len())?;
        let process = &self.usable(key)?.process;
        let elements = end_after.iter().map(|id| process.endable(id));
        let elements: BTreeSet<u32> = elements.collect::<Result<_, _>>()?;
        Ok(elements.into_iter().collect())
    }

    pub(crate) fn none_start(&self, key: DefinitionKey) -> Result<u32, Rejection> {
        let definition = self.usable(key)?;
        match definition.process.node(0).kind {
            Kind::Process { start: Some(start) } => Ok(start),
            _ => Err(Rejection::state(format!(
                "expected the process `{}` to have a none start event, but it is started by \
                 an event only; publish its message for example, or add a none start event",
                &*definition.row.id
            ))),
        }
    }

    pub(crate) fn usable(&self, key: DefinitionKey) -> Result<&Arc<Definition>, Rejection> {
        self.catalog.compiled(key).ok_or_else(|| {
            let why = self.catalog.broken(key).unwrap_or("it is not in memory");
            Rejection::state(format!("the definition {key} cannot be used by this release: {why}"))
        })
    }

    /// Starts an instance and runs it until it waits.
    pub(crate) fn start(&mut self, start: Start) -> Result<InstanceKey, Rejection> {
        let instance = InstanceKey(self.keys.take(1));
        self.start_as(instance, start, 0)?;
        Ok(instance)
    }

    /// As [`Shard::start`], with this key and so many instances above it in the chain of calls.
    pub(crate) fn start_as(
        &mut self,
        instance: InstanceKey,
        start: Start,
        depth: u32,
    ) -> Result<(), Rejection> {
        let definition = self.usable(start.definition)?.clone();
        let row = &definition.row;
        let created = InstanceCreated {
            instance,
            definition: row.key,
            process_id: row.id.clone(),
            version: row.version,
            business_id: start.business_id,
            tags: start.tags,
            message: start.message,
            parent: start.parent,
            depth: (depth > 0).then_some(depth),
            undoes: None,
            ends_after: Some(start.end_after).filter(|elements| !elements.is_empty()),
        };
        self.begin(created, definition);
        let (begin, variables) = (start.begin, start.variables);
        // Steps of a called instance are steps of its caller.
        let steps = if depth > 0 { self.steps } else { 0 };
        self.decide_after(steps, instance, |_, decision, process| {
            let run = Run::new(process, decision);
            match begin {
                Begin::Start(element) => run.start(element, variables),
                Begin::At(elements) => run.start_at(&elements, variables),
            }
        })
    }

    /// Makes an instance; nothing has begun in it.
    pub(crate) fn begin(&mut self, created: InstanceCreated, definition: Arc<Definition>) {
        let instance = created.instance;
        let (state, event) = Instance::create(created, self.now_ms);
        self.cache.insert(instance, Entry::new(state, definition, 0, 0, 0));
        self.absorb(instance, vec![event]);
    }

    fn activate_elements(
        &mut self,
        owner: base::ElementKey,
        elements: Vec<ActivateElement>,
        cancel_remaining: bool,
    ) -> Outcome {
        if elements.is_empty() {
            return Err(Rejection::invalid("expected an element to activate, but found none"));
        }
        let instance = self.live(owner.0)?;
        let known =
            self.cache.get(instance).is_some_and(|entry| entry.state.element(owner).is_some());
        if !known {
            return Err(crate::shard::unknown_instance(owner));
        }
        self.decide(instance, |_, decision, process| {
            Run::new(process, decision).activate_elements(owner, elements, cancel_remaining)
        })?
        .map_err(Rejection::state)?;
        Ok(Reply::Done)
    }

    fn cancel(&mut self, instance: InstanceKey) -> Outcome {
        let open = self.live(instance.0)?;
        if open != instance {
            return Err(crate::shard::unknown_instance(instance));
        }
        self.check_uncalled(instance)?;
        self.decide(instance, |_, decision, process| Run::new(process, decision).cancel())?;
        Ok(Reply::Done)
    }

    /// The live instance that owns a key.
    pub(crate) fn live(&self, key: base::Key) -> Result<InstanceKey, Rejection> {
        let instance = self.cache.owner(key).ok_or_else(|| crate::shard::unknown_instance(key))?;
        let entry = self.cache.get(instance).ok_or_else(|| crate::shard::unknown_instance(key))?;
        match entry.state.status() {
            Status::Active => Ok(instance),
            Status::Completed => Err(Rejection::not_found(format!(
                "expected {key} to be live, but its instance {instance} has completed"
            ))),
            Status::Terminated => Err(Rejection::not_found(format!(
                "expected {key} to be live, but its instance {instance} was cancelled"
            ))),
        }
    }
}

/// What callers are told of an instance.
pub(crate) fn created(entry: &Entry) -> CreatedInstance {
    let header = entry.state.header();
    CreatedInstance {
        instance: header.instance,
        definition: header.definition,
        process_id: header.process_id.clone(),
        version: header.version,
        business_id: header.business_id.clone(),
        tags: header.tags.clone(),
    }
}

/// Refuses names that are too long.
pub(crate) fn check_name(what: &str, name: &str) -> Result<(), Rejection> {
    if name.len() > NAME_BYTES_MAX {
        return Err(Rejection::invalid(format!(
            "expected {what} to have at most {NAME_BYTES_MAX} bytes, but found {}",
            name.len()
        )));
    }
    Ok(())
}
