//! Random models whose instances are modified and migrated at random: they never stop silently
//! either, and what is refused changes nothing (the harness looks after every input).

use std::panic::{AssertUnwindSafe, catch_unwind};

use base::{
    Activation, ElementKey, ElementMapping, ModifyInstance, Move, MoveWithin, Selection, Within,
};
use fermata_bpmn::{Process, read};
use instance::Status;

use super::harness::Sim;
use super::random::{Random, act, blocks};
use super::transcript::{cancel, xml};

/// What came of all changes.
#[derive(Default, Debug)]
struct Tally {
    modified: u32,
    migrated: u32,
    refused: u32,
    /// Instances that came to an end before anybody cancelled them.
    completed: u32,
    terminated: u32,
}

fn process(body: &str) -> Process {
    let model = read(&xml(body)).unwrap_or_else(|found| panic!("{found:#?}\n{body}"));
    model.processes.into_iter().next().expect("a process")
}

fn live(body: &str, random: &mut Random, tally: &mut Tally) {
    let process_of = process(body);
    let variables = r#"{"id": 1, "n": 2, "items": [1, 2, 3]}"#;
    let ids = ids(&process_of);
    let start = &ids[random.below(ids.len())];
    let mut sim = if random.below(3) == 0 && process_of.startable(start).is_ok() {
        Sim::at(process_of, &[start], variables)
    } else {
        Sim::of(process_of, variables)
    };
    for _ in 0..60 {
        let endless = |open: &instance::Incident| open.kind == base::IncidentKind::StepLimit;
        if sim.state.status() != Status::Active || sim.state.incidents().values().any(endless) {
            break;
        }
        match random.below(6) {
            0 | 1 => tally.refused += u32::from(!modify(&mut sim, random, tally)),
            2 => tally.refused += u32::from(!migrate(&mut sim, body, random, tally)),
            _ => act(&mut sim, random),
        }
    }
    match sim.state.status() {
        Status::Active => sim.input(cancel),
        Status::Completed => tally.completed += 1,
        Status::Terminated => tally.terminated += 1,
    }
}

fn ids(process: &Process) -> Vec<String> {
    process.nodes.iter().map(|node| node.id.to_string()).collect()
}

fn modify(sim: &mut Sim, random: &mut Random, tally: &mut Tally) -> bool {
    let ids = ids(&sim.process);
    let live: Vec<ElementKey> = sim.state.elements().keys().copied().collect();
    let mut instruction = ModifyInstance {
        instance: sim.state.key(),
        activate: Vec::new(),
        terminate: Vec::new(),
        moves: Vec::new(),
    };
    for _ in 0..=random.below(3) {
        let element_id = ids[random.below(ids.len())].as_str().into();
        let key = live[random.below(live.len())];
        let within = [Within::Existing, Within::Scope(key)][random.below(2)];
        match random.below(3) {
            0 => {
                let variables = Vec::new();
                instruction.activate.push(Activation { element_id, within, variables });
            }
            1 => instruction.terminate.push(Selection::Key(key)),
            _ => instruction.moves.push(Move {
                from: Selection::Key(key),
                to: element_id,
                within: [MoveWithin::Inferred, MoveWithin::SourceScope][random.below(2)],
                variables: Vec::new(),
            }),
        }
    }
    let done = sim.modify(&instruction, random.below(4) == 0).is_ok();
    tally.modified += u32::from(done);
    done
}

fn migrate(sim: &mut Sim, body: &str, random: &mut Random, tally: &mut Tally) -> bool {
    let to = process(body);
    let mut mappings: Vec<ElementMapping> = Vec::new();
    for id in sim.process.alike(&to) {
        // Sometimes one is left out, and sometimes one becomes another.
        match random.below(40) {
            0 => {}
            1 => {
                let ids = ids(&to);
                let target = ids[random.below(ids.len())].as_str().into();
                mappings.push(ElementMapping { source: id, target });
            }
            _ => mappings.push(ElementMapping { source: id.clone(), target: id }),
        }
    }
    let done = sim.migrate(to, &mappings).is_ok();
    tally.migrated += u32::from(done);
    done
}

#[test]
fn instances_that_are_changed_at_random_never_stop_silently() {
    let mut tally = Tally::default();
    for seed in 0..300_u64 {
        let mut random = Random(seed);
        let body = blocks(&mut random);
        let lived = catch_unwind(AssertUnwindSafe(|| live(&body, &mut random, &mut tally)));
        lived.unwrap_or_else(|_| panic!("seed {seed}: {body}"));
    }
    // None of it is idle.
    let Tally { modified, migrated, refused, completed, terminated } = tally;
    assert!(modified > 150 && migrated > 150 && refused > 150, "{tally:?}");
    assert!(completed > 25 && terminated > 25, "{tally:?}");
}
