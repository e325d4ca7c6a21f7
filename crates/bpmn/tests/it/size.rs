//! Models of thousands of elements: reading and lint take as much longer as the model is larger.
//!
//! Eight times the elements may take up to thirty times as long: far from the sixty-four times of what looks
//! at every element for every element. Measured is the time that the thread had a processor, the best of
//! several runs, so that a busy machine changes little.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test may measure and say so; the crate itself has no clock"
)]
#![expect(clippy::format_push_string, reason = "a test may allocate")]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use fermata_bpmn::{lint::lint, read};

use super::harness::{flow, job};
use super::transcript::xml;

const TIMES: usize = 8;
const TIMES_LONGER_MAX: u32 = 30;

static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Time on a processor where the system tells it (Linux), else time.
fn spent() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|told| told.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| BEGUN.elapsed(), Duration::from_nanos)
}

/// The best of some runs, and how many findings there were.
fn best(text: &str) -> (Duration, usize) {
    let run = || {
        let begun = spent();
        let found = match read(text) {
            Ok(model) => lint(&model, &[]).len(),
            Err(findings) => findings.len(),
        };
        (spent().saturating_sub(begun), found)
    };
    (0..4).map(|_| run()).min().expect("four runs")
}

#[track_caller]
fn grows_as_it_does(what: &str, body: impl Fn(usize) -> String) -> usize {
    let elements = 625;
    let (small, large) = (xml(&body(elements)), xml(&body(elements * TIMES)));
    let ((small, _), (large, found)) = (best(&small), best(&large));
    println!("{what}: {} elements in {large:?}, {elements} in {small:?}", elements * TIMES);
    // The system tells in steps of some milliseconds.
    let small = small.max(Duration::from_millis(10));
    assert!(large < small * TIMES_LONGER_MAX, "{what}: {small:?}, eight times as many {large:?}");
    found
}

fn row(ids: impl Iterator<Item = String>) -> String {
    let (mut text, mut last) = (String::from("<startEvent id=\"s\"/>"), "s".to_owned());
    for id in ids {
        text.push_str(&flow(&last, &id));
        last = id;
    }
    text
}

#[test]
fn tasks_in_a_row() {
    let found = grows_as_it_does("tasks in a row", |n| {
        let tasks: String = (0..n).map(|at| job(&format!("t{at}"))).collect();
        tasks + &row((0..n).map(|at| format!("t{at}")))
    });
    assert_eq!(found, 0);
}

/// A block of so many tasks: where it is entered and left.
fn block(tasks: usize, next: &mut usize, out: &mut String) -> (String, String) {
    *next += 1;
    let id = *next;
    if tasks <= 1 {
        out.push_str(&job(&format!("t{id}")));
        return (format!("t{id}"), format!("t{id}"));
    }
    if id.is_multiple_of(3) {
        out.push_str(&format!("<subProcess id=\"u{id}\"><startEvent id=\"us{id}\"/>"));
        let (a, a_end) = block(tasks / 2, next, out);
        let (b, b_end) = block(tasks - tasks / 2, next, out);
        out.push_str(&format!("<endEvent id=\"ue{id}\"/>{}", flow(&b_end, &format!("ue{id}"))));
        out.push_str(
            &[flow(&format!("us{id}"), &a), flow(&a_end, &b), "</subProcess>".into()].concat(),
        );
        return (format!("u{id}"), format!("u{id}"));
    }
    let (a, a_end) = block(tasks / 2, next, out);
    let (b, b_end) = block(tasks - tasks / 2, next, out);
    let (split, join) = (format!("g{id}"), format!("j{id}"));
    let choice = id % 3 == 1;
    let kind = if choice { "exclusiveGateway" } else { "parallelGateway" };
    let default = if choice { format!("default=\"{split}-{b}\"") } else { String::new() };
    out.push_str(&format!("<{kind} id=\"{split}\" {default}/><{kind} id=\"{join}\"/>"));
    if choice {
        out.push_str(&format!("[[{split} -(n > {id})-> {a}]]"));
    } else {
        out.push_str(&flow(&split, &a));
    }
    out.push_str(&[flow(&split, &b), flow(&a_end, &join), flow(&b_end, &join)].concat());
    (split, join)
}

#[test]
fn blocks_in_blocks() {
    let found = grows_as_it_does("blocks in blocks", |n| {
        let mut text = String::from("<startEvent id=\"s\"/>");
        let (from, to) = block(n, &mut 0, &mut text);
        text + "<endEvent id=\"e\"/>" + &flow("s", &from) + &flow(&to, "e")
    });
    assert_eq!(found, 0);
}

#[test]
fn gateways_in_a_row() {
    let diamonds = |kind: &'static str| {
        move |n: usize| {
            let mut text = String::from("<startEvent id=\"s\"/>");
            let mut last = "s".to_owned();
            for at in 0..n / 4 {
                let default = if kind == "parallelGateway" {
                    String::new()
                } else {
                    format!("default=\"g{at}-b{at}\"")
                };
                text.push_str(&format!("<{kind} id=\"g{at}\" {default}/><{kind} id=\"j{at}\"/>"));
                text.push_str(&[job(&format!("a{at}")), job(&format!("b{at}"))].concat());
                let condition = if default.is_empty() { "->" } else { "-(n > 1)->" };
                text.push_str(&format!(
                    "[[{last} -> g{at} {condition} a{at} -> j{at}, g{at} -> b{at} -> j{at}]]"
                ));
                last = format!("j{at}");
            }
            text.push_str("<endEvent id=\"e\"/>");
            text + &flow(&last, "e")
        }
    };
    assert_eq!(grows_as_it_does("exclusive gateways", diamonds("exclusiveGateway")), 0);
    assert_eq!(grows_as_it_does("parallel gateways", diamonds("parallelGateway")), 0);
    assert_eq!(grows_as_it_does("inclusive gateways", diamonds("inclusiveGateway")), 0);
}

#[test]
fn sub_processes_with_handlers_and_events() {
    let timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>";
    let found = grows_as_it_does("sub-processes", |n| {
        let one = |at: usize| {
            format!(
                "<subProcess id=\"u{at}\"><startEvent id=\"s{at}\"/><<a{at} x{at}>>[[s{at} -> a{at}]]\
                 <subProcess id=\"h{at}\" triggeredByEvent=\"true\"><startEvent id=\"hs{at}\">{timer}</startEvent>\
                 <<b{at}>>[[hs{at} -> b{at}]]</subProcess></subProcess>\
                 <boundaryEvent id=\"e{at}\" attachedToRef=\"u{at}\">{timer}</boundaryEvent><<c{at}>>[[e{at} -> c{at}]]"
            )
        };
        let count = n / 8;
        let all: String = (0..count).map(one).collect();
        all + &row((0..count).map(|at| format!("u{at}")))
    });
    assert_eq!(found, 625, "one task in each that nothing leads to");
}

#[test]
fn links_and_what_is_refused() {
    let links = grows_as_it_does("links", |n| {
        let mut text = String::from("<startEvent id=\"s\"/>");
        let mut last = "s".to_owned();
        for at in 0..n / 2 {
            let link = format!("<linkEventDefinition name=\"l{at}\"/>");
            text.push_str(&format!(
                "<intermediateThrowEvent id=\"t{at}\">{link}</intermediateThrowEvent>\
                 <intermediateCatchEvent id=\"c{at}\">{link}</intermediateCatchEvent>"
            ));
            text.push_str(&flow(&last, &format!("t{at}")));
            last = format!("c{at}");
        }
        text.push_str("<endEvent id=\"e\"/>");
        text + &flow(&last, "e")
    });
    assert_eq!(links, 0);
    let refused = grows_as_it_does("refused elements", |n| {
        let gateways = (0..n).map(|at| format!("<globalTask id=\"t{at}\"/>"));
        gateways.collect::<Vec<_>>().concat() + &row((0..n).map(|at| format!("t{at}")))
    });
    assert_eq!(refused, 5_000);
}
