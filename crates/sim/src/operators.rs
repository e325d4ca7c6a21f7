//! Steps in which operators act on what runs, beside resolving, setting variables and cancelling.

use std::rc::Rc;
use std::sync::Arc;

use base::{
    ActivateElement, Activation, AdHocResult, Command, DefinitionKey, ElementKey, ElementMapping,
    InstanceKey, InstanceRow, JobKey, MigrateInstance, ModifyInstance, Move, MoveWithin, Record,
    ScopedVariables, Selection, Text, Within,
};
use bpmn::Process;
use instance::{Instance, Status};
use store::Reader;

use crate::check::facts::Past;
use crate::clients::What;
use crate::model;
use crate::play::{Failure, Play, everything, index, nth, parse, wrong};
use crate::requests::result;
use crate::script::Step;

/// An ad-hoc sub-process in which something can be activated.
pub(crate) struct OpenAdHoc {
    pub(crate) owner: ElementKey,
    /// Nothing is active in it, and no worker is asked.
    pub(crate) idle: bool,
    /// Ids of what can be activated.
    pub(crate) elements: Vec<Text>,
}

impl Play {
    /// The graph of a definition that the store has.
    pub(crate) fn graph(
        &mut self,
        reader: &mut dyn Reader,
        key: DefinitionKey,
    ) -> Result<Arc<Process>, String> {
        if let Some(known) = self.graphs.get(&key) {
            return Ok(Arc::clone(known));
        }
        let row = reader.definition(key).map_err(|fault| fault.to_string())?;
        let definition = row
            .ok_or_else(|| "a definition has a head and no row".to_owned())
            .and_then(engine::Definition::compile)?;
        let graph = Arc::new(definition.process);
        self.graphs.insert(key, Arc::clone(&graph));
        Ok(graph)
    }

    /// The states of all that live, as the store has them.
    pub(crate) fn live_states(&mut self) -> Vec<Instance> {
        let mut reader = self.reader();
        let rows = reader.find_instances(&everything()).expect("reads").rows;
        let live = rows.iter().filter(|row| row.ended_ms.is_none());
        let read = |row: &InstanceRow| {
            let stored = reader.state(row.instance).expect("reads")?;
            let snapshot = stored.snapshot.map(|row_of| {
                Instance::from_bytes(&row_of.bytes, row.instance).expect("a snapshot")
            });
            let records: Vec<Record> = stored
                .log
                .iter()
                .map(|log| Record::from_bytes(&log.bytes, row.instance).expect("a record"))
                .collect();
            Instance::replay(snapshot, &records)
        };
        live.filter_map(read).filter(|state| state.status() == Status::Active).collect()
    }

    pub(crate) fn open_ad_hocs(&mut self, states: &[Instance]) -> Vec<OpenAdHoc> {
        let mut reader = self.reader();
        let mut found = Vec::new();
        for state in states.iter().filter(|state| state.open_ad_hocs() > 0) {
            let graph = self.graph(&mut *reader, state.header().definition).expect("a graph");
            for (owner, live) in state.elements() {
                if live.ad_hoc.as_ref().is_none_or(|open| open.done) {
                    continue;
                }
                let begins = graph
                    .nodes
                    .iter()
                    .filter(|node| node.scope == live.element && node.begins_by_choice());
                let asked = state.jobs().values().any(|job| job.owner == *owner);
                found.push(OpenAdHoc {
                    owner: *owner,
                    idle: live.children == 0 && !asked,
                    elements: begins.map(|node| node.id.clone()).collect(),
                });
            }
        }
        found
    }

    /// The worker of an ad-hoc sub-process says what begins, that it is done, or what makes no sense.
    pub(crate) fn answer_ad_hoc(&mut self, job: JobKey, with: u64) -> u64 {
        let states = self.live_states();
        let live = states.iter().find_map(|state| state.jobs().get(&job));
        let open = live.and_then(|live| {
            let all = self.open_ad_hocs(&states);
            all.into_iter().find(|open| open.owner == live.owner)
        });
        let all = open.map_or_else(Vec::new, |open| open.elements);
        let chosen = nth(&all, with + job.0.raw() % 7).cloned().unwrap_or_else(|| "gone".into());
        let variables = parse(r#"{"b": true, "again": false}"#);
        let activate = |element_id| ActivateElement { element_id, variables: variables.clone() };
        let (activate, fulfilled, cancel_remaining) = match with % 8 {
            0 => (Vec::new(), true, false),
            1 => (vec![activate(chosen)], false, false),
            2 => (vec![activate(chosen.clone()), activate(chosen)], false, false),
            3 => (vec![activate(chosen)], false, true),
            4 => (all.into_iter().map(activate).collect(), false, false),
            5 => (Vec::new(), true, true),
            6 => (Vec::new(), false, false),
            _ => (vec![activate(chosen)], true, false),
        };
        let what = What::Complete { job };
        self.wish(what, |token| Command::AnswerAdHoc {
            job,
            variables: result(token, with),
            result: Box::new(AdHocResult { activate, fulfilled, cancel_remaining }),
        })
    }

    /// Somebody activates one element, or the same twice; `replace` ends first what is active.
    fn activate_elements(&mut self, owner: u64, element: u64, with: u64, replace: bool) {
        let states = self.live_states();
        let open = self.open_ad_hocs(&states);
        let Some(open) = nth(&open, owner) else { return };
        let id = open.elements[index(element, open.elements.len())].clone();
        let owner = open.owner;
        self.coverage.count("happened", "ad-hoc activation");
        self.wish(What::Says, |token| {
            let activate = |element_id, variables| ActivateElement { element_id, variables };
            let mut elements = vec![activate(id.clone(), result(token, with))];
            if with % 3 == 2 {
                elements.push(activate(id, base::Variables::new()));
            }
            Command::ActivateElements { owner, elements, cancel_remaining: replace }
        });
    }

    pub(crate) fn change(&mut self, step: Step) -> Result<(), Failure> {
        match step {
            Step::ActivateElements { owner, element, with, replace } => {
                self.activate_elements(owner, element, with, replace == 0);
            }
            Step::Modify { instance, element, what } => self.modify(instance, element, what),
            Step::Migrate { instance, renamed } => return self.migrate(instance, renamed > 0),
            Step::Suspend { instance, held } => {
                // Somebody has a job of it, so that something comes meanwhile.
                let of = nth(&self.clients.held, instance).filter(|_| held > 0);
                let of = of.map(|held| held.job.instance);
                let Some(instance) = of.or_else(|| self.nth_live(instance)) else { return Ok(()) };
                let reason = "audit".into();
                self.wish(What::Quiet, |_| Command::Suspend { instance, reason });
            }
            Step::Resume { instance, anew } => {
                let rows = self.reader().find_instances(&everything()).expect("reads").rows;
                let is_suspended = |row: &&InstanceRow| row.state == base::InstanceState::Suspended;
                let suspended: Vec<_> = rows.iter().filter(is_suspended).collect();
                let Some(row) = nth(&suspended, instance) else { return Ok(()) };
                let instance = row.instance;
                self.wish(What::Quiet, |_| Command::Resume { instance });
                if anew == 0 {
                    let reason = "again".into();
                    self.wish(What::Quiet, |_| Command::Suspend { instance, reason });
                }
            }
            Step::DeleteInstance { instance } => return self.delete_instance(instance),
            Step::DeleteDefinition { definition } => return self.delete_definition(definition),
            _ => {}
        }
        Ok(())
    }

    fn nth_live(&mut self, at: u64) -> Option<InstanceKey> {
        let rows = self.reader().find_instances(&everything()).expect("reads").rows;
        let live: Vec<_> = rows.iter().filter(|row| row.ended_ms.is_none()).collect();
        nth(&live, at).map(|row| row.instance)
    }

    fn modify(&mut self, instance: u64, element: u64, what: u64) {
        let states = self.live_states();
        let Some(state) = nth(&states, instance) else { return };
        let mut reader = self.reader();
        let graph = self.graph(&mut *reader, state.header().definition).expect("a graph");
        let ids = graph.nodes.iter().filter(|node| graph.startable(&node.id).is_ok());
        let ids: Vec<Text> = ids.map(|node| node.id.clone()).collect();
        let root = state.key().root();
        let live: Vec<_> = state.elements().keys().copied().filter(|key| *key != root).collect();
        let (Some(id), live) = (nth(&ids, element).cloned(), nth(&live, element).copied()) else {
            return;
        };
        let ended = live.filter(|_| what != 0);
        let says = what != 1;
        let instance = state.key();
        self.wish(What::Modify { ended, says }, |token| {
            let variables = result(token, element);
            let variables = vec![ScopedVariables { scope_id: None, variables }];
            let mut modify = ModifyInstance {
                instance,
                activate: Vec::new(),
                terminate: Vec::new(),
                moves: Vec::new(),
            };
            if let (2, Some(key)) = (what, live) {
                let (from, within) = (Selection::Key(key), MoveWithin::Inferred);
                modify.moves.push(Move { from, to: id, within, variables });
            } else {
                modify.terminate.extend(ended.map(Selection::Key));
                if says {
                    let within = Within::Existing;
                    modify.activate.push(Activation { element_id: id, within, variables });
                }
            }
            Command::Modify(modify)
        });
    }

    /// Everything has another number in the other version, and perhaps another name.
    fn migrate(&mut self, instance: u64, renamed: bool) -> Result<(), Failure> {
        self.settle()?;
        let Some(instance) = self.nth_live(instance) else { return Ok(()) };
        let mut reader = self.reader();
        let read = |fault: store::Fault| wrong("rows")(fault.to_string());
        let Some(row) = reader.instance(instance).map_err(read)? else { return Ok(()) };
        let Some(of) = reader.definition(row.definition).map_err(read)? else { return Ok(()) };
        let text = String::from_utf8_lossy(&of.resource).into_owned();
        let twin = model::twin(&text, renamed);
        let known = |play: &Self| -> Result<Option<DefinitionKey>, Failure> {
            let mut reader = play.reader();
            let heads = reader.definitions().map_err(read)?;
            for head in heads.iter().filter(|head| head.id == of.id && head.deleted_ms.is_none()) {
                let row = reader.definition(head.key).map_err(read)?;
                if row.is_some_and(|row| *row.resource == *twin.text.as_bytes()) {
                    return Ok(Some(head.key));
                }
            }
            Ok(None)
        };
        if known(self)?.is_none() {
            let process = of.id.trim_start_matches('p').parse().unwrap_or(0);
            self.deploy(process, 0, model::twin(&text, renamed));
            self.settle()?;
        }
        // A fault may have come between.
        let Some(target) = known(self)? else { return Ok(()) };
        let graph = self.graph(&mut *reader, row.definition).map_err(wrong("rows"))?;
        let alike = graph.alike(&graph).into_iter().map(|source| {
            let target = if renamed { model::renamed(&source).into() } else { source.clone() };
            ElementMapping { source, target }
        });
        let mappings = alike.collect();
        let dry_run = false;
        self.wish(What::Migrate { instance, target }, |_| {
            Command::Migrate(MigrateInstance { instance, target, mappings, dry_run })
        });
        self.settle()
    }

    /// What has ended changes no more, so that what its log says now is what it said at the end.
    fn delete_instance(&mut self, at: u64) -> Result<(), Failure> {
        self.settle()?;
        let mut reader = self.reader();
        let rows = reader.find_instances(&everything());
        let rows = rows.map_err(|fault| wrong("rows")(fault.to_string()))?.rows;
        let uncalled: Vec<_> = rows.iter().filter(|row| row.parent.is_none()).collect();
        let Some(row) = nth(&uncalled, at) else { return Ok(()) };
        let instance = row.instance;
        let of_it = |row: &&InstanceRow| {
            row.instance == instance || row.parent.is_some_and(|parent| parent.root == instance)
        };
        // What it has called may wait for listeners.
        let lives = rows.iter().filter(of_it).any(|row| row.ended_ms.is_none());
        if !lives {
            for row in rows.iter().filter(of_it) {
                let past = Past::read(&mut *reader, row.clone())?;
                self.archive.insert(row.instance, Rc::new(past));
            }
        }
        self.wish(What::Delete { instance }, |_| Command::DeleteInstance { instance });
        // One that lives is refused; it may not end before that was decided.
        if lives { self.settle() } else { Ok(()) }
    }

    fn delete_definition(&mut self, at: u64) -> Result<(), Failure> {
        self.settle()?;
        let heads = self.reader().definitions();
        let heads = heads.map_err(|fault| wrong("rows")(fault.to_string()))?;
        let live: Vec<_> = heads.iter().filter(|head| head.deleted_ms.is_none()).collect();
        let Some(head) = nth(&live, at) else { return Ok(()) };
        let definition = head.key;
        self.clients.undeployed(&head.id);
        let resource = definition.0;
        self.wish(What::DeleteDefinition { definition }, |_| Command::DeleteResource { resource });
        // Nobody asks for it while it is not known whether it is there.
        self.settle()
    }
}
