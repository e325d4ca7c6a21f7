//! Jobs, user tasks and incidents as people find them: live ones from their rows, and all of one
//! instance, ended ones too, from its log.

use std::collections::{BTreeMap, HashMap};

use base::{
    DefinitionKey, ElementKey, Event, IncidentKey, IncidentRow, JobKey, JobRole, JobRow, JobState,
    Text, UserTaskKey, UserTaskRow,
};

use super::history::Past;

/// A job, live or ended.
#[derive(Clone, Debug)]
pub(super) struct FoundJob {
    pub(super) row: JobRow,
    /// In the words of the API.
    pub(super) state: &'static str,
    /// When it came up, if the log was read.
    pub(super) created_ms: Option<i64>,
    /// When the last event about it came, if the log was read.
    pub(super) updated_ms: Option<i64>,
    pub(super) ended_ms: Option<i64>,
}

/// A user task, live or ended.
#[derive(Clone, Debug)]
pub(super) struct FoundTask {
    pub(super) row: UserTaskRow,
    /// In the words of the API.
    pub(super) state: &'static str,
    pub(super) ended_ms: Option<i64>,
}

/// An incident, open or resolved.
#[derive(Clone, Debug)]
pub(super) struct FoundIncident {
    pub(super) row: IncidentRow,
    /// In the words of the API.
    pub(super) state: &'static str,
}

impl From<JobRow> for FoundJob {
    fn from(row: JobRow) -> Self {
        let state = job_state(row.state);
        Self { row, state, created_ms: None, updated_ms: None, ended_ms: None }
    }
}

impl From<UserTaskRow> for FoundTask {
    fn from(row: UserTaskRow) -> Self {
        Self { row, state: "CREATED", ended_ms: None }
    }
}

impl From<IncidentRow> for FoundIncident {
    fn from(row: IncidentRow) -> Self {
        Self { row, state: "ACTIVE" }
    }
}

fn job_state(state: JobState) -> &'static str {
    match state {
        JobState::Created | JobState::Leased => "CREATED",
        JobState::Failed | JobState::Exhausted => "FAILED",
        JobState::ErrorThrown => "ERROR_THROWN",
    }
}

impl Past {
    /// The elements that activations are of: the definition and the id in it.
    fn places(&self) -> HashMap<ElementKey, (DefinitionKey, Text)> {
        let elements = self.history.elements.iter();
        elements.map(|at| (at.key, (at.definition, self.id(at).into()))).collect()
    }

    fn place(
        &self,
        places: &HashMap<ElementKey, (DefinitionKey, Text)>,
        owner: ElementKey,
    ) -> (DefinitionKey, Text) {
        places.get(&owner).cloned().unwrap_or_else(|| (self.row.definition, Text::default()))
    }

    /// All jobs, by key.
    pub(super) fn jobs(&self) -> Vec<FoundJob> {
        let places = self.places();
        let mut jobs: BTreeMap<JobKey, FoundJob> = BTreeMap::new();
        let mut incidents: HashMap<IncidentKey, JobKey> = HashMap::new();
        for entry in &self.history.timeline {
            let at_ms = entry.at_ms;
            match &entry.event {
                Event::JobCreated { job, owner, job_type, retries, extra } => {
                    let (definition, element_id) = self.place(&places, *owner);
                    let role = extra.as_ref().map_or(JobRole::Work, |extra| extra.role());
                    let row = JobRow {
                        job: *job,
                        instance: self.row.instance,
                        definition,
                        element_id,
                        owner: *owner,
                        job_type: job_type.clone(),
                        available_ms: at_ms,
                        state: JobState::Created,
                        retries: *retries,
                        worker: Text::default(),
                        error_message: Text::default(),
                        error_code: Text::default(),
                        role,
                    };
                    jobs.insert(
                        *job,
                        FoundJob { created_ms: Some(at_ms), updated_ms: Some(at_ms), ..row.into() },
                    );
                }
                Event::IncidentRaised { incident, job: Some(job), .. } => {
                    incidents.insert(*incident, *job);
                }
                Event::IncidentResolved { incident } => {
                    let job = incidents.get(incident).and_then(|job| jobs.get_mut(job));
                    if let Some(job) = job.filter(|job| job.ended_ms.is_none()) {
                        job.row.state = JobState::Created;
                        job.row.available_ms = at_ms;
                        job.touch(at_ms);
                    }
                }
                event => {
                    let job = about_job(event).and_then(|job| jobs.get_mut(&job));
                    if let Some(job) = job {
                        job.take(event, at_ms);
                    }
                }
            }
        }
        jobs.into_values().collect()
    }

    /// All user tasks, by key.
    pub(super) fn tasks(&self) -> Vec<FoundTask> {
        let places = self.places();
        let mut tasks: BTreeMap<UserTaskKey, FoundTask> = BTreeMap::new();
        for entry in &self.history.timeline {
            match &entry.event {
                Event::UserTaskCreated { task, owner, details } => {
                    let (definition, element_id) = self.place(&places, *owner);
                    let row = UserTaskRow {
                        task: *task,
                        instance: self.row.instance,
                        definition,
                        process_id: self.process_id(definition),
                        element_id,
                        owner: *owner,
                        details: (**details).clone(),
                        created_ms: entry.at_ms,
                    };
                    tasks.insert(*task, row.into());
                }
                Event::UserTaskUpdated { task, details, action: _ } => {
                    if let Some(task) = tasks.get_mut(task) {
                        task.row.details = (**details).clone();
                    }
                }
                Event::UserTaskCompleted { task, action: _ } => {
                    if let Some(task) = tasks.get_mut(task) {
                        (task.state, task.ended_ms) = ("COMPLETED", Some(entry.at_ms));
                    }
                }
                Event::UserTaskCanceled { task } => {
                    if let Some(task) = tasks.get_mut(task) {
                        (task.state, task.ended_ms) = ("CANCELED", Some(entry.at_ms));
                    }
                }
                _ => {}
            }
        }
        tasks.into_values().collect()
    }

    /// All incidents, by key.
    pub(super) fn incidents(&self) -> Vec<FoundIncident> {
        let places = self.places();
        let mut incidents: BTreeMap<IncidentKey, FoundIncident> = BTreeMap::new();
        for entry in &self.history.timeline {
            match &entry.event {
                Event::IncidentRaised { incident, owner, job, kind, stage: _, message } => {
                    let (definition, element_id) = self.place(&places, *owner);
                    let row = IncidentRow {
                        incident: *incident,
                        instance: self.row.instance,
                        definition,
                        process_id: self.process_id(definition),
                        element_id,
                        owner: *owner,
                        job: *job,
                        kind: *kind,
                        message: message.clone(),
                        created_ms: entry.at_ms,
                    };
                    incidents.insert(*incident, row.into());
                }
                Event::IncidentResolved { incident } => {
                    if let Some(incident) = incidents.get_mut(incident) {
                        incident.state = "RESOLVED";
                    }
                }
                _ => {}
            }
        }
        incidents.into_values().collect()
    }
}

fn about_job(event: &Event) -> Option<JobKey> {
    match event {
        Event::JobLeased { job, .. }
        | Event::JobFailed { job, .. }
        | Event::JobErrorThrown { job, .. }
        | Event::JobRetriesSet { job, .. }
        | Event::JobCompleted { job }
        | Event::JobCanceled { job } => Some(*job),
        _ => None,
    }
}

impl FoundJob {
    fn touch(&mut self, at_ms: i64) {
        self.updated_ms = Some(at_ms);
        self.state = job_state(self.row.state);
    }

    /// As `instance` folds it, and beyond the job's end.
    fn take(&mut self, event: &Event, at_ms: i64) {
        let row = &mut self.row;
        match event {
            Event::JobLeased { job: _, worker, until_ms } => {
                row.worker = worker.clone();
                row.available_ms = *until_ms;
                row.state = JobState::Leased;
            }
            Event::JobFailed { job: _, retries, available_ms, message } => {
                row.retries = *retries;
                row.error_message = message.clone();
                let exhausted = *retries <= 0;
                row.available_ms = if exhausted { i64::MAX } else { *available_ms };
                row.state = if exhausted { JobState::Exhausted } else { JobState::Failed };
            }
            Event::JobErrorThrown { job: _, code, message } => {
                row.available_ms = i64::MAX;
                row.state = JobState::ErrorThrown;
                row.error_code = code.clone();
                row.error_message = message.clone();
            }
            Event::JobRetriesSet { job: _, retries } => row.retries = *retries,
            _ => {}
        }
        self.touch(at_ms);
        match event {
            Event::JobCompleted { .. } => (self.state, self.ended_ms) = ("COMPLETED", Some(at_ms)),
            // An error that was caught ends its job by cancelling it.
            Event::JobCanceled { .. } => {
                self.ended_ms = Some(at_ms);
                if self.row.state != JobState::ErrorThrown {
                    self.state = "CANCELED";
                }
            }
            _ => {}
        }
    }
}
