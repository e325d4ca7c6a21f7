//! Planted bugs: shows that the simulation's checks can fail.
//!
//! In:  `crates/sim/planted/*.patch`, each a mistake behind a switch: what it is, then files with
//!      texts to be replaced. A text must stand in its file once, so that a patch that does not fit
//!      any more is noticed.
//! Out: `docs/assurance-planted.md`: how many seeds each took and which check found it; a failure
//!      when one is not found, or when the same build finds something with no mistake in force.
//! Absent: any change to the checkout's own sources; the mistakes are made in a copy.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::finding::Finding;
use crate::tree;

const PATCHES: &str = "crates/sim/planted";
/// Of the workspace's crates; xtask is one.
const VERSION: &str = env!("CARGO_PKG_VERSION");
const PAGE: &str = "docs/assurance-planted.md";
/// Seeds until a mistake counts as not found.
const SEEDS_MAX: u32 = 1_500;
/// Seeds that hold with no mistake in force.
const SEEDS_SOUND: u32 = 200;

/// One mistake.
#[derive(Debug, PartialEq, Eq)]
struct Patch {
    /// Its file.
    file: String,
    /// The name of its switch.
    name: String,
    what: String,
    edits: Vec<Edit>,
}

#[derive(Debug, PartialEq, Eq)]
struct Edit {
    file: String,
    old: String,
    new: String,
}

/// How a mistake was found.
struct Found {
    seeds: u32,
    check: String,
}

pub fn run(root: &Path) -> Result<Vec<Finding>, String> {
    let patches = patches(root)?;
    let copy = root.join("target/planted");
    let mut findings = copy_with(root, &copy, &patches)?;
    if !findings.is_empty() {
        return Ok(findings);
    }
    let binary = build(root, &copy)?;
    if let Some(found) = play(&binary, "", SEEDS_SOUND)? {
        let what =
            format!("seed {} fails with no mistake in force: {}", found.seeds - 1, found.check);
        let mend = "cargo run -p fermata-sim --bin sim -- --seeds 1000";
        return Ok(vec![Finding::new(PATCHES, 0, what, mend)]);
    }
    // The first is the switch itself.
    let mistakes = &patches[1..];
    let next = Mutex::new(mistakes.iter().enumerate());
    let results = Mutex::new(Vec::new());
    let take = || next.lock().ok().and_then(|mut next| next.next());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((at, patch)) = take() {
                    let found = play(&binary, &patch.name, SEEDS_MAX);
                    if let Ok(mut results) = results.lock() {
                        results.push((at, found));
                    }
                }
            });
        }
    });
    let mut results = results.into_inner().map_err(|_| "xtask: a thread failed".to_owned())?;
    results.sort_by_key(|(at, _)| *at);
    let mut page = page_head(mistakes.len());
    for (at, found) in results {
        let patch = &mistakes[at];
        if let Some(Found { seeds, check }) = found? {
            println!("{:32} {seeds:>5}  {check}", patch.name);
            let _ = writeln!(page, "| `{}` | {} | {seeds} | {check} |", patch.name, patch.what);
        } else {
            let what = format!("`{}` was not found in {SEEDS_MAX} seeds", patch.name);
            let mend = "give the simulation a check or a step that finds it";
            findings.push(Finding::new(&*patch.file, 0, what, mend));
        }
    }
    if findings.is_empty() {
        fs::write(root.join(PAGE), page).map_err(|error| format!("xtask: {PAGE}: {error}"))?;
    }
    Ok(findings)
}

fn page_head(count: usize) -> String {
    format!(
        "# Planted bugs\n\nWritten by `make planted`: {count} mistakes, each built behind a switch into a \
         copy of the sources\n(`crates/sim/planted`), and how many seeds the simulation needed until one of its \
         checks failed.\nNo release contains any of them.\n\n| mistake | what it is | seeds | found by |\n\
         | --- | --- | --- | --- |\n"
    )
}

fn patches(root: &Path) -> Result<Vec<Patch>, String> {
    let files = tree::files(root, PATCHES, ".patch")?;
    files.iter().map(|file| parse(file, &tree::read(root, file)?)).collect()
}

/// Reads one patch: a line that says what it is, then for each file `--- FILE` and blocks of
/// `<<<<`, the text that stands there, `====`, the text that takes its place, `>>>>`.
fn parse(file: &str, text: &str) -> Result<Patch, String> {
    let name = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".patch");
    let name = name.split_once('-').map_or(name, |(_, name)| name).to_owned();
    let wrong = |why: &str| format!("xtask: {file}: {why}");
    let mut lines = text.lines();
    let what = lines.next().unwrap_or_default().to_owned();
    let (mut edits, mut of) = (Vec::new(), String::new());
    while let Some(line) = lines.next() {
        if let Some(file) = line.strip_prefix("--- ") {
            file.clone_into(&mut of);
        } else if line == "<<<<" {
            let mut until = |end: &str| {
                let block: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
                block.join("\n")
            };
            let (old, new) = (until("===="), until(">>>>"));
            edits.push(Edit { file: of.clone(), old, new });
        } else if !line.is_empty() {
            return Err(wrong("expected `--- FILE` or `<<<<`"));
        }
    }
    if edits.is_empty() {
        return Err(wrong("expected at least one `<<<<` block"));
    }
    Ok(Patch { file: file.to_owned(), name, what, edits })
}

/// Folders of the copy.
const COPIED: [&str; 5] = ["crates", "fuzz/src", "fuzz/tests", "fuzz/examples", "xtask"];

/// Removes what an earlier copy had and the checkout has no more.
fn remove_others(copy: &Path, files: &[String]) -> Result<(), String> {
    for folder in COPIED {
        for file in tree::files(copy, folder, "")? {
            if !files.contains(&file) {
                let gone = copy.join(&file);
                fs::remove_file(&gone)
                    .map_err(|error| format!("xtask: {}: {error}", gone.display()))?;
            }
        }
    }
    Ok(())
}

/// Copies the workspace with all mistakes in it. Files that are as they should be keep their time,
/// so that cargo builds what has changed only.
fn copy_with(root: &Path, copy: &Path, patches: &[Patch]) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    let mut files = ["Cargo.toml", "Cargo.lock", "fuzz/Cargo.toml"].map(str::to_owned).to_vec();
    for folder in COPIED {
        files.extend(tree::files(root, folder, "")?);
    }
    files.retain(|file| !file.starts_with(PATCHES));
    remove_others(copy, &files)?;
    for file in files {
        let from = root.join(&file);
        let bytes = fs::read(&from).map_err(|error| format!("xtask: {file}: {error}"))?;
        let mut text = String::from_utf8(bytes).unwrap_or_default();
        for patch in patches {
            for edit in patch.edits.iter().filter(|edit| edit.file == file) {
                if text.matches(&edit.old).count() == 1 {
                    text = text.replace(&edit.old, &edit.new);
                } else {
                    let what = format!(
                        "its text stands {} times in {file}",
                        text.matches(&edit.old).count()
                    );
                    let mend = "write the lines between <<<< and ==== as they stand there now";
                    findings.push(Finding::new(&*patch.file, 0, what, mend));
                }
            }
        }
        if file == "Cargo.toml" || file == "Cargo.lock" {
            text = with_other_version(&text);
        }
        let to = copy.join(&file);
        if !text.is_empty() && fs::read_to_string(&to).ok().as_ref() != Some(&text) {
            let folder = to.parent().unwrap_or(copy);
            fs::create_dir_all(folder)
                .and_then(|()| fs::write(&to, text))
                .map_err(|error| format!("xtask: {}: {error}", to.display()))?;
        }
    }
    Ok(findings)
}

/// Gives the workspace's own crates another version. They are built into the checkout's target
/// directory, where cargo knows crates by name and version, not by where their sources are: it would
/// take these for the checkout's.
fn with_other_version(text: &str) -> String {
    let mut own = true;
    let lines = text.lines().map(|line| {
        if let Some(name) = line.strip_prefix("name = ") {
            own = name.starts_with("\"fermata-") || name == "\"xtask\"";
        }
        let is_version = own && line == format!("version = \"{VERSION}\"");
        if is_version { format!("version = \"{VERSION}-planted\"\n") } else { format!("{line}\n") }
    });
    lines.collect()
}

/// Builds the simulation there; answers a copy of the binary, since the next build of the checkout
/// itself puts its own in the same place.
fn build(root: &Path, copy: &Path) -> Result<PathBuf, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root.join("target"), |target| root.join(target));
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        // With the features that the checkout's own build has, so that dependencies are built once.
        .args(["build", "-q", "--workspace", "--example", "check", "--bin", "sim"])
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", &target)
        // Ours is of the checkout, and cargo would take it for the copy's.
        .env_remove("CARGO_MANIFEST_DIR")
        .status()
        .map_err(|error| format!("xtask: cargo build: {error}"))?;
    if !status.success() {
        return Err("xtask: the planted sources do not build".to_owned());
    }
    let name = format!("sim{}", std::env::consts::EXE_SUFFIX);
    let binary = copy.join(format!("planted-{name}"));
    // A name of its own: the old file may be a running program.
    let _ = fs::remove_file(&binary);
    fs::copy(target.join("debug").join(name), &binary)
        .map_err(|error| format!("xtask: the simulation's binary: {error}"))?;
    Ok(binary)
}

/// Plays seeds with a mistake in force until one fails.
fn play(binary: &Path, name: &str, seeds: u32) -> Result<Option<Found>, String> {
    let output = Command::new(binary)
        .args(["--quick", "--threads", "1", "--seeds", &seeds.to_string()])
        .env("FERMATA_PLANTED", name)
        .output()
        .map_err(|error| format!("xtask: {}: {error}", binary.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let found = text.lines().find_map(|line| {
        let (seed, rest) = line.strip_prefix("sim: seed ")?.split_once(" fails, found by `")?;
        let check = rest.split('`').next()?.to_owned();
        Some(Found { seeds: seed.parse::<u32>().ok()? + 1, check })
    });
    if found.is_none() && !text.contains(" hold, ") {
        return Err(format!("xtask: with `{name}` the simulation ended without a word"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_says_what_it_is_and_what_it_replaces() {
        let text = "A mistake.\n\n--- a.rs\n<<<<\nx\ny\n====\nz\n>>>>\n";
        let patch = parse("crates/sim/planted/07-some-name.patch", text).unwrap();
        assert_eq!((&*patch.name, &*patch.what), ("some-name", "A mistake."));
        let edit = Edit { file: "a.rs".into(), old: "x\ny".into(), new: "z".into() };
        assert_eq!(patch.edits, [edit]);
        assert!(parse("p", "A mistake.\n").unwrap_err().contains("<<<<"));
    }

    #[test]
    fn only_the_workspaces_own_crates_get_another_version() {
        let lock = format!(
            "version = 4\n[[package]]\nname = \"fermata-base\"\nversion = \"{VERSION}\"\n[[package]]\n\
             name = \"other\"\nversion = \"{VERSION}\"\n[[package]]\nname = \"xtask\"\nversion = \"{VERSION}\"\n"
        );
        let found = with_other_version(&lock);
        let planted: Vec<bool> = found
            .lines()
            .filter(|line| line.starts_with("version = \""))
            .map(|line| line.ends_with("-planted\""))
            .collect();
        assert_eq!(planted, [true, false, true]);
    }

    #[test]
    fn every_patch_still_fits_its_file() {
        let root = tree::root();
        for patch in patches(&root).unwrap() {
            for edit in &patch.edits {
                let text = tree::read(&root, &edit.file).unwrap();
                let times = text.matches(&edit.old).count();
                assert_eq!(times, 1, "{}: {:?}", patch.file, edit.old);
            }
        }
    }
}
