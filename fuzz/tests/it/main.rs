//! The corpora, and small changes to each of their files, through the targets that the fuzzers run.
//!
//! A finding of a fuzzer joins its corpus, so that it is run here on every change.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once, PoisonError};

/// Changed copies of each file.
const CHANGES: usize = 40;
/// Files above this size are only run as they are.
const CHANGED_BYTES_MAX: usize = 16 * 1024;

fn corpus(target: &str) -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let entries =
        std::fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Numbers from a seed, the same in every run (Knuth's MMIX constants).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }
}

/// A byte changed, a piece removed, doubled, or taken from another file.
fn changed(bytes: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len());
        let end = bytes.len().min(at + 1 + random.below(24));
        match random.below(4) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let piece = bytes[at..end].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ => {
                let from = random.below(other.len());
                let piece = &other[from..other.len().min(from + 1 + random.below(24))];
                bytes.splice(at..end, piece.iter().copied());
            }
        }
    }
    bytes
}

/// Panics of all threads: those of the product's count as well, also where it contains them.
static PANICS: AtomicU64 = AtomicU64::new(0);

fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.fetch_add(1, Ordering::Relaxed);
            before(info);
        }));
    });
}

fn replay(target: &str) {
    // One target at a time, so that a panic has one cause.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    count_panics();
    let before = PANICS.load(Ordering::Relaxed);
    let files = corpus(target);
    assert!(!files.is_empty(), "the corpus of {target} is empty");
    let contents: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    let mut random = Random(2026);
    for (number, bytes) in contents.iter().enumerate() {
        let run = |input: &[u8]| {
            fermata_fuzz::run(target, input);
            let panics = PANICS.load(Ordering::Relaxed) - before;
            assert_eq!(panics, 0, "{} or this of it: {input:?}", files[number].display());
        };
        run(bytes);
        if bytes.len() <= CHANGED_BYTES_MAX {
            for _ in 0..CHANGES {
                let other = &contents[random.below(contents.len())];
                run(&changed(bytes, other, &mut random));
            }
        }
    }
}

#[test]
fn bpmn() {
    replay("bpmn");
}
#[test]
fn dmn() {
    replay("dmn");
}
#[test]
fn feel() {
    replay("feel");
}
#[test]
fn variables() {
    replay("variables");
}
#[test]
fn grpc() {
    replay("grpc");
}
#[test]
fn rest() {
    replay("rest");
}
#[test]
fn records() {
    replay("records");
}
#[test]
fn store() {
    replay("store");
}
