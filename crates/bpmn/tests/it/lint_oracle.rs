//! The game of lint beside one that plays everything: all orders of all moves in small random models of
//! tasks, exclusive and parallel gateways. What lint says must be possible; where nothing goes in circles,
//! what is possible must be said.

use std::collections::{BTreeMap, BTreeSet};

use fermata_bpmn::{Kind, Process, lint::lint, read};

use super::harness::job;
use super::transcript::xml;

const STATES_MAX: usize = 5_000;

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// Elements in a row, each with flows to later ones; with `circles` also to earlier ones.
fn random_model(random: &mut Random, circles: bool) -> String {
    let count = 4 + random.below(6);
    let mut text = String::from("<startEvent id=\"s\"/><endEvent id=\"e\"/>[[s -> n0]]");
    for at in 0..count {
        let id = format!("n{at}");
        let kind = random.below(4);
        let several = if kind == 0 { 1 } else { 1 + random.below(2) };
        let mut targets = BTreeSet::new();
        for _ in 0..several {
            let back = circles && kind == 1 && random.below(4) == 0;
            let to = if back { random.below(at + 1) } else { at + 1 + random.below(3) };
            let to = if to >= count { "e".to_owned() } else { format!("n{to}") };
            targets.insert(if to == id { "e".to_owned() } else { to });
        }
        let targets: Vec<String> = targets.into_iter().collect();
        let exclusive = targets.len() > 1 && kind == 1;
        text.push_str(&match kind {
            0 => job(&id),
            1 if exclusive => {
                format!("<exclusiveGateway id=\"{id}\" default=\"{id}-{}\"/>", targets[0])
            }
            1 => format!("<exclusiveGateway id=\"{id}\"/>"),
            _ => format!("<parallelGateway id=\"{id}\"/>"),
        });
        for (nth, target) in targets.iter().enumerate() {
            let arrow = if exclusive && nth > 0 { "-(n > 1)->" } else { "->" };
            text.push_str(&format!("[[{id} {arrow} {target}]]"));
        }
    }
    text
}

/// What can happen, over all orders.
#[derive(Default)]
struct Possible {
    /// Joins at which a token waits when nothing can move.
    waits: BTreeSet<String>,
    /// Elements, no joins, before which two tokens are at a time.
    twice: BTreeSet<String>,
}

type Tokens = BTreeMap<u32, usize>;

/// `None` if it is too much to look at.
fn play_all(process: &Process) -> Option<Possible> {
    let Kind::Process { start: Some(start) } = process.nodes[0].kind else { panic!("a start") };
    let begin: Tokens = process.node(start).outgoing.iter().map(|flow| (*flow, 1)).collect();
    let (mut seen, mut open) = (BTreeSet::from([begin.clone()]), vec![begin]);
    let mut possible = Possible::default();
    while let Some(tokens) = open.pop() {
        if seen.len() > STATES_MAX {
            return None;
        }
        let next = moves(process, &tokens, &mut possible);
        if next.is_empty() {
            let targets = tokens.keys().map(|flow| process.flow(*flow).target);
            possible.waits.extend(targets.map(|at| process.node(at).id.to_string()));
        }
        open.extend(next.into_iter().filter(|tokens| seen.insert(tokens.clone())));
    }
    Some(possible)
}

fn moves(process: &Process, tokens: &Tokens, possible: &mut Possible) -> Vec<Tokens> {
    let mut next = Vec::new();
    let targets: BTreeSet<u32> = tokens.keys().map(|flow| process.flow(*flow).target).collect();
    for at in targets {
        let node = process.node(at);
        let arrived: Vec<u32> =
            node.incoming.iter().copied().filter(|flow| tokens.contains_key(flow)).collect();
        let parallel = matches!(node.kind, Kind::Parallel);
        if parallel && arrived.len() < node.incoming.len() {
            continue;
        }
        let count: usize = arrived.iter().map(|flow| tokens[flow]).sum();
        if count > 1 && !(parallel && node.incoming.len() > 1) {
            possible.twice.insert(node.id.to_string());
        }
        let consumed: Vec<Vec<u32>> =
            if parallel { vec![arrived] } else { arrived.into_iter().map(|it| vec![it]).collect() };
        let ways: Vec<Vec<u32>> = if matches!(node.kind, Kind::Exclusive) {
            node.outgoing.iter().map(|flow| vec![*flow]).collect()
        } else {
            vec![node.outgoing.clone()]
        };
        for taken in &consumed {
            for way in &ways {
                let mut after = tokens.clone();
                for flow in taken {
                    let left = after[flow] - 1;
                    after.insert(*flow, left);
                }
                after.retain(|_, count| *count > 0);
                for flow in way {
                    // More than three of one kind show nothing new.
                    let count = after.entry(*flow).or_default();
                    *count = (*count + 1).min(3);
                }
                next.push(after);
            }
        }
    }
    next
}

fn codes(process: &[base::Finding], code: &str) -> BTreeSet<String> {
    let found = process.iter().filter(|finding| finding.code == code);
    found.filter_map(|finding| finding.element_id.clone()).collect()
}

#[test]
fn lint_says_what_is_possible_and_nothing_else() {
    let (mut compared, mut dead, mut doubled) = (0, 0, 0);
    for seed in 0..4_000 {
        let mut random = Random(seed);
        let circles = seed % 3 == 0;
        let body = random_model(&mut random, circles);
        let Ok(model) = read(&xml(&body)) else { continue };
        let Some(possible) = play_all(&model.processes[0]) else { continue };
        let findings = lint(&model, &[]);
        let (waits, twice) = (codes(&findings, "B202"), codes(&findings, "B203"));
        compared += 1;
        assert!(twice.is_subset(&possible.twice), "{seed}: {body}\n{findings:#?}");
        // After two tokens came together, one of them is followed.
        if !possible.twice.is_empty() {
            doubled += usize::from(!twice.is_empty());
            continue;
        }
        assert!(waits.is_subset(&possible.waits), "{seed}: {body}\n{findings:#?}");
        if !circles {
            assert_eq!(
                waits.is_empty(),
                possible.waits.is_empty(),
                "{seed}: {body}\n{findings:#?}"
            );
        }
        dead += usize::from(!waits.is_empty());
    }
    assert!(compared > 2_000 && dead > 200 && doubled > 100, "{compared} {dead} {doubled}");
}
