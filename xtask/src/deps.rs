//! What each room may depend on, read from `cargo tree`.
//!
//! Only normal dependencies count: a test may use what it likes, and a proc-macro runs in the build.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::finding::Finding;

/// Rooms without I/O, async, clock and randomness.
pub const PURE: &[&str] = &["base", "feel", "dmn", "instance", "bpmn", "asl", "engine"];

/// The arrows of the design. Who may name a crate may name what that crate speaks in, so the
/// vocabulary (`base`) is open to all; `engine` and `store` meet only in `host` and in those that drive it.
const ARROWS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("feel", &["base"]),
    ("dmn", &["base", "feel"]),
    ("instance", &["base"]),
    ("bpmn", &["base", "feel", "instance"]),
    ("asl", &["base", "feel", "instance"]),
    ("engine", &["base", "feel", "dmn", "instance", "bpmn", "asl"]),
    ("store", &["base"]),
    ("host", &["base", "engine", "store"]),
    ("proto", &[]),
    (
        "server",
        &["base", "feel", "dmn", "instance", "bpmn", "asl", "engine", "store", "host", "proto"],
    ),
    ("client", &["base", "proto"]),
    (
        "cli",
        &["base", "feel", "dmn", "instance", "bpmn", "asl", "server", "store", "client", "proto"],
    ),
    ("sim", &["base", "feel", "dmn", "instance", "bpmn", "asl", "engine", "store", "host"]),
];

/// What brings I/O, async, a clock or randomness along; a trailing `*` stands for any ending.
const BANNED: &[&str] = &[
    "async-*",
    "axum*",
    "crossbeam*",
    "fastrand",
    "futures*",
    "getrandom",
    "h2",
    "hyper*",
    "iana-time-zone",
    "libsqlite3-sys",
    "mio",
    "notify",
    "parking_lot*",
    "polling",
    "postgres*",
    "rand",
    "rand_*",
    "rayon*",
    "reqwest",
    "rusqlite",
    "rustls*",
    "signal-hook*",
    "smol",
    "socket2",
    "tempfile",
    "tokio",
    "tokio-*",
    "tonic*",
    "tower*",
    "tracing-subscriber",
    "ureq",
];

pub fn check(checkout: &Path) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for room in rooms(checkout)? {
        let file = format!("crates/{room}/Cargo.toml");
        findings.extend(judge(&room, &file, &cargo_tree(checkout, &room)?));
    }
    Ok(findings)
}

fn rooms(checkout: &Path) -> Result<Vec<String>, String> {
    let manifests = crate::tree::files(checkout, "crates", "Cargo.toml")?;
    let room =
        |file: &String| Some(file.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")?.to_owned());
    Ok(manifests.iter().filter_map(room).filter(|room| !room.contains('/')).collect())
}

/// Without the network when the registry's files are here already; with it in a fresh clone.
fn cargo_tree(checkout: &Path, room: &str) -> Result<String, String> {
    let package = format!("fermata-{room}");
    let mut complaint = String::new();
    for flags in [&["--locked", "--offline"][..], &["--locked"]] {
        let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["tree", "-p", &package, "-e", "normal,no-proc-macro", "--prefix", "depth"])
            .args(["--no-dedupe", "--format", " {p}"])
            .args(flags)
            .current_dir(checkout)
            .output()
            .map_err(|error| format!("xtask: cannot run cargo tree: {error}"))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    }
    Err(format!("xtask: cargo tree -p {package} failed:\n{complaint}"))
}

/// One line of `cargo tree --prefix depth --format ' {p}'`: `2 fermata-base v0.1.0 (path)`.
fn parse(tree: &str) -> impl Iterator<Item = (usize, &str)> {
    tree.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?.parse().ok()?, words.next()?))
    })
}

fn judge(room: &str, file: &str, tree: &str) -> Vec<Finding> {
    let Some((_, arrows)) = ARROWS.iter().find(|(known, _)| *known == room) else {
        let what = format!("nothing says what crate {room} may depend on");
        return vec![Finding::new(file, 0, what, "add it to ARROWS in xtask/src/deps.rs")];
    };
    let mut findings = Vec::new();
    let mut path: Vec<&str> = Vec::new();
    let mut seen = BTreeSet::new();
    for (depth, name) in parse(tree) {
        path.truncate(depth);
        path.push(name);
        let foreign_arrow =
            depth == 1 && name.strip_prefix("fermata-").is_some_and(|to| !arrows.contains(&to));
        if foreign_arrow {
            let what = format!("{room} depends on {name}; it may depend on {arrows:?}");
            let mend =
                "move what is shared to a room both may name, or pass it as data (DESIGN, Rooms)";
            findings.push(Finding::new(file, 0, what, mend));
        }
        // Once each, by its first path; what a banned crate brings along goes when it goes.
        let below_banned = path[..path.len() - 1].iter().any(|above| is_banned(above));
        if PURE.contains(&room) && is_banned(name) && !below_banned && seen.insert(name) {
            let what = format!("the pure crate {room} reaches {name}: {}", path.join(" > "));
            let mend = "drop the dependency or its feature; time, ids and seeds come in as inputs";
            findings.push(Finding::new(file, 0, what, mend));
        }
    }
    findings
}

fn is_banned(name: &str) -> bool {
    BANNED.iter().any(|banned| match banned.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *banned,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(room: &str, tree: &str) -> Vec<String> {
        judge(room, "crates/x/Cargo.toml", tree).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn the_rooms_of_this_checkout_are_found() {
        let found = rooms(&crate::tree::root()).unwrap();
        assert!(
            ["base", "feel", "instance", "bpmn"].iter().all(|room| found.iter().any(|f| f == room))
        );
    }

    #[test]
    fn a_clean_tree_passes() {
        let tree = "0 fermata-bpmn v0.1.0 (/x)\n1 fermata-base v0.1.0 (/x)\n2 minicbor v2.3.1\n";
        assert_eq!(found("bpmn", tree), Vec::<String>::new());
    }

    #[test]
    fn a_banned_crate_is_found_at_any_depth_with_its_path() {
        let tree = "0 fermata-engine v0.1.0\n1 fermata-base v0.1.0\n2 uuid v1.0.0\n3 getrandom v0.4.3\n\
                    1 minicbor v2.3.1\n";
        let found = found("engine", tree);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].ends_with("fermata-engine > fermata-base > uuid > getrandom"),
            "{found:?}"
        );
    }

    #[test]
    fn a_banned_crate_is_named_once_and_what_it_brings_is_not() {
        let tree = "0 fermata-engine v0.1.0\n1 tonic v0.14.9\n2 tokio v1.0.0\n1 fermata-base v0.1.0\n\
                    2 tonic v0.14.9\n2 rand v0.9.0\n";
        let found = found("engine", tree);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].ends_with("> tonic") && found[1].ends_with("> rand"), "{found:?}");
    }

    #[test]
    fn families_are_banned_by_their_start_and_look_alikes_are_not() {
        assert!(is_banned("futures-core") && is_banned("async-trait") && is_banned("tokio-util"));
        assert!(!is_banned("randomize") && !is_banned("tokio2") && !is_banned("miette"));
    }

    #[test]
    fn what_is_banned_in_a_pure_room_is_free_elsewhere() {
        assert_eq!(
            found("server", "0 fermata-server v0.1.0\n1 tokio v1.0.0\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn engine_and_store_never_meet() {
        assert_eq!(found("engine", "0 fermata-engine v0.1.0\n1 fermata-store v0.1.0\n").len(), 1);
        for to in ["engine", "bpmn", "feel", "instance"] {
            assert_eq!(
                found("store", &format!("0 fermata-store v0.1.0\n1 fermata-{to} v0.1.0\n")).len(),
                1
            );
        }
    }

    #[test]
    fn arrows_cannot_be_walked_around_to_make_engine_and_store_meet() {
        fn reach(from: &'static str, seen: &mut Vec<&'static str>) {
            for to in ARROWS.iter().find(|(room, _)| *room == from).map_or(&[][..], |(_, to)| *to) {
                if !seen.contains(to) {
                    seen.push(to);
                    reach(to, seen);
                }
            }
        }
        for (from, never) in
            [("engine", "store"), ("store", "engine"), ("store", "bpmn"), ("client", "engine")]
        {
            let mut seen = Vec::new();
            reach(from, &mut seen);
            assert!(!seen.contains(&never), "{from} reaches {never} through {seen:?}");
        }
    }

    #[test]
    fn an_unknown_room_must_be_drawn_first() {
        assert!(found("shiny", "0 fermata-shiny v0.1.0\n")[0].contains("nothing says"));
    }
}
