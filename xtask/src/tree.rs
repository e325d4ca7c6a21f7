//! The checkout's files.

use std::fs;
use std::path::{Path, PathBuf};

/// The checkout that cargo runs us in. Not the one that we were compiled in: two checkouts with one
/// target folder share the binary.
pub fn root() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest.parent().unwrap_or(&manifest).to_path_buf()
}

/// Files below `folder` whose names end so, sorted, relative to `root`, with forward slashes.
/// Build output, installed packages, run data and dot folders are not ours to check.
pub fn files(root: &Path, folder: &str, ending: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    collect(root, &root.join(folder), ending, &mut found)?;
    found.sort();
    Ok(found)
}

pub fn read(root: &Path, file: &str) -> Result<String, String> {
    fs::read_to_string(root.join(file))
        .map_err(|error| format!("xtask: cannot read {file}: {error}"))
}

fn collect(
    root: &Path,
    folder: &Path,
    ending: &str,
    found: &mut Vec<String>,
) -> Result<(), String> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let entry =
            entry.map_err(|error| format!("xtask: cannot list {}: {error}", folder.display()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind =
            entry.file_type().map_err(|error| format!("xtask: cannot read {name}: {error}"))?;
        let path = entry.path();
        if kind.is_dir() {
            if !is_foreign(&name) {
                collect(root, &path, ending, found)?;
            }
        } else if kind.is_file() && name.ends_with(ending) {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            found.push(relative.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}

fn is_foreign(folder: &str) -> bool {
    folder.starts_with('.')
        || folder == "target"
        || folder.starts_with("target-")
        || matches!(folder, "node_modules" | "fermata-data" | "dist" | "__pycache__")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_crate_is_found_and_build_output_is_not() {
        let found = files(&root(), "", ".rs").unwrap();
        assert!(found.contains(&"xtask/src/tree.rs".to_owned()));
        assert!(!found.iter().any(|file| file.starts_with("target")));
    }

    #[test]
    fn foreign_folders_are_named() {
        assert!(is_foreign("target-core") && is_foreign(".git") && is_foreign("node_modules"));
        assert!(!is_foreign("targets") && !is_foreign("src"));
    }
}
