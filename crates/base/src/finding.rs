//! What is wrong with a model: where, what, and what to do.

use std::fmt;

/// One finding about a model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Stable code, for example `D004`; docs/reference/{bpmn,dmn}.md list them.
    pub code: &'static str,
    /// The imported file it is about; `None` for the file itself.
    pub file: Option<String>,
    /// Line in the file, from 1.
    pub line: u32,
    /// Column in the line, from 1, in characters.
    pub column: u32,
    /// `id` of the element, if it has one.
    pub element_id: Option<String>,
    /// What was expected and what was found.
    pub message: String,
    /// What to do.
    pub help: String,
    /// A refusal, or only advice.
    pub severity: Severity,
}

/// How bad a [`Finding`] is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// The model is refused.
    Error,
    /// The model runs, but perhaps not as meant.
    Warning,
}

impl Finding {
    /// The finding with the name of the file that was read, unless it is about another one.
    #[must_use]
    pub fn within(self, file: &str) -> Self {
        Self { file: self.file.or_else(|| Some(file.into())), ..self }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
        }
        write!(f, "{}:{}: {}[{}]: ", self.line, self.column, self.severity, self.code)?;
        if let Some(id) = &self.element_id {
            write!(f, "element \"{id}\": ")?;
        }
        write!(f, "{}", self.message)?;
        if !self.help.is_empty() {
            write!(f, "; {}", self.help)?;
        }
        Ok(())
    }
}
