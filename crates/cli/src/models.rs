//! Model files: read as a deployment would read them, with what they import.
//!
//! In:  the paths that a command was given.
//! Out: what is in a file and what is wrong with it; findings shown in their lines.
//! Absent: servers, and the order of a command's words.

use std::path::{Path, PathBuf};

use base::Finding;

use crate::failure::Failure;

/// Widest part of a source line that is shown, in characters, so that 80 columns suffice.
const EXCERPT_CHARS_MAX: usize = 70;

/// A model file.
pub(crate) struct ModelFile {
    pub path: PathBuf,
    pub text: String,
}

impl ModelFile {
    /// A file of a command.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        std::fs::read(path).map_err(|error| error.to_string()).and_then(utf8).map_or_else(
            |why| Err(Failure::wrong_call(format!("cannot read {}: {why}", path.display()))),
            |text| Ok(Self { path: path.to_owned(), text }),
        )
    }

    /// What it may import: the decision models among `named`, and those that stand beside it.
    pub fn others(&self, named: &[PathBuf]) -> Vec<Self> {
        let folder = match self.path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let beside = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        let mut beside: Vec<PathBuf> = beside.map(|entry| entry.path()).collect();
        beside.sort();
        self.among(&[named, &beside].concat())
    }

    /// What it may import of these files. What cannot be read is passed over: if it is imported,
    /// the import says that it is missing.
    pub fn among(&self, paths: &[PathBuf]) -> Vec<Self> {
        // A model without the word imports nothing, and there may be many files.
        if !is_decision(&self.path) || !self.text.contains("import") {
            return Vec::new();
        }
        let mut seen: Vec<PathBuf> = self.path.canonicalize().into_iter().collect();
        let mut others = Vec::new();
        for path in paths.iter().filter(|path| is_decision(path)) {
            let Ok(place) = path.canonicalize() else { continue };
            if !seen.contains(&place) {
                seen.push(place);
                others.extend(Self::read(path).ok());
            }
        }
        others
    }

    /// Its decisions, or what is wrong with them.
    pub fn decisions(&self, others: &[Self]) -> Result<dmn::Definitions, Vec<Finding>> {
        let names: Vec<String> =
            others.iter().map(|other| other.path.display().to_string()).collect();
        let texts = names.iter().zip(others);
        let texts: Vec<(&str, &str)> =
            texts.map(|(name, other)| (name.as_str(), other.text.as_str())).collect();
        dmn::compile_with(&self.text, &texts)
    }

    /// The finding with its line and a mark below the place.
    pub fn shown(&self, others: &[Self], finding: &Finding) -> String {
        let about = |other: &&Self| finding.file == Some(other.path.display().to_string());
        let Self { path, text } = others.iter().find(about).unwrap_or(self);
        let (line, column) = (finding.line as usize, finding.column as usize);
        let whole = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        // Long lines are shown from a little before the place.
        let from = column.saturating_sub(20).min(whole.chars().count());
        let from = if column < EXCERPT_CHARS_MAX { 0 } else { from };
        let excerpt: String = whole
            .chars()
            .skip(from)
            .take(EXCERPT_CHARS_MAX)
            .map(|c| if c == '\t' { ' ' } else { c })
            .collect();
        let margin = " ".repeat(line.to_string().len());
        let before = column.saturating_sub(from + 1).min(excerpt.chars().count());
        let after: String = excerpt.chars().skip(before).collect();
        let mark = " ".repeat(before) + &"─".repeat(marked(&after));
        let element = finding
            .element_id
            .as_ref()
            .filter(|id| !finding.message.contains(id.as_str()))
            .map_or_else(String::new, |id| format!(" (element \"{id}\")"));
        format!(
            "{}[{}]: {}{element}\n{margin} ╭─[{}:{line}:{column}]\n{line} │ {excerpt}\n\
             {margin} │ {mark}\n{margin} = help: {}\n\n",
            finding.severity,
            finding.code,
            finding.message,
            path.display(),
            finding.help
        )
    }
}

/// What is in a file.
#[derive(Default)]
pub(crate) struct Checked {
    pub model: Option<bpmn::Definitions>,
    /// Ids of its decisions.
    pub decisions: Vec<String>,
    pub findings: Vec<Finding>,
}

impl Checked {
    pub fn of(file: &ModelFile, others: &[ModelFile]) -> Self {
        let checked = if is_decision(&file.path) {
            file.decisions(others).map(|graph| Self {
                decisions: graph.decisions().map(|decision| decision.id.clone()).collect(),
                findings: graph.findings().to_vec(),
                ..Self::default()
            })
        } else {
            bpmn::read(&file.text).map(|model| Self {
                findings: model.findings.clone(),
                model: Some(model),
                ..Self::default()
            })
        };
        checked.unwrap_or_else(|findings| Self { findings, ..Self::default() })
    }

    pub fn is_refused(&self) -> bool {
        self.model.is_none() && self.decisions.is_empty()
    }

    pub fn processes(&self) -> &[bpmn::Process] {
        self.model.as_ref().map_or(&[], |model| &model.processes)
    }
}

/// How much of a line from a place on is what the finding is about: a tag, or a word.
fn marked(text: &str) -> usize {
    let end = if text.starts_with('<') {
        base::xml::tag_end(text).map_or(text.len(), |end| end + 1)
    } else {
        let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
        text.find(|c| !part(c)).unwrap_or(text.len())
    };
    text[..end].trim_end().chars().count().max(1)
}

fn is_decision(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("dmn"))
}

fn utf8(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| {
        format!(
            "expected UTF-8, but byte {} is not; save the model as UTF-8",
            error.utf8_error().valid_up_to()
        )
    })
}
