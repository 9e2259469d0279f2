//! What is wrong with the settings, in words for the person who wrote them.

use std::fmt;

/// Why there are no settings to work with: everything that is wrong with them, in the file's order.
///
/// Each problem's text is a whole message: the place (`file:line:column`) when there is one, the setting,
/// what is wrong with it and what would be right, and the line with the place marked. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    // Never empty.
    problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    /// The byte of the file at which it is; `None` = it is about the file as a whole.
    at: Option<usize>,
    message: String,
    /// The line of the file, and a line that marks the place.
    excerpt: Option<String>,
    /// The setting that is missing, if that is what is wrong.
    lacks: Option<Lack>,
}

/// A setting that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lack {
    /// The section's name.
    pub(super) section: &'static str,
    /// The setting's.
    pub(super) key: &'static str,
}

impl ConfigError {
    /// A message that stands alone.
    pub(super) fn new(message: impl Into<String>) -> ConfigError {
        ConfigError::at(None, message.into(), None)
    }

    /// A message about a place in the file.
    pub(super) fn at(at: Option<usize>, message: String, excerpt: Option<String>) -> ConfigError {
        ConfigError { problems: vec![Problem { at, message, excerpt, lacks: None }] }
    }

    /// The same, when the problem is that a setting is missing: there is no line to show.
    pub(super) fn lacking(mut self, lack: Lack) -> ConfigError {
        for problem in &mut self.problems {
            (problem.lacks, problem.excerpt) = (Some(lack), None);
        }
        self
    }

    /// All of them as one, in the file's order; `None` = there is none. What is missing isn't told where `explained`
    /// says that something else tells it.
    pub(super) fn all(
        errors: impl IntoIterator<Item = ConfigError>,
        explained: impl Fn(Lack) -> bool,
    ) -> Option<ConfigError> {
        let problems = errors.into_iter().flat_map(|error| error.problems);
        let mut problems: Vec<Problem> = problems.filter(|problem| !problem.lacks.is_some_and(&explained)).collect();
        problems.sort_by_key(|problem| problem.at.unwrap_or(usize::MAX));
        problems.dedup();
        Some(ConfigError { problems }).filter(|error| !error.problems.is_empty())
    }

    /// The first problem in one line, and how many more there are: for logs and status lines.
    pub fn brief(&self) -> String {
        let first = self.problems.first().map(|problem| problem.message.lines().next().unwrap_or_default());
        match self.problems.len() {
            0 | 1 => first.unwrap_or_default().to_owned(),
            more => format!("{} (and {} more; `check` tells all)", first.unwrap_or_default(), more - 1),
        }
    }

    /// How many things are wrong.
    pub fn count(&self) -> usize {
        self.problems.len()
    }

    /// What is wrong, each without the line that it is in.
    #[cfg(test)]
    pub(super) fn messages(&self) -> Vec<&str> {
        self.problems.iter().map(|problem| problem.message.as_str()).collect()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.problems.iter().enumerate() {
            let between = if number > 0 { "\n" } else { "" };
            write!(f, "{between}{}", problem.message)?;
            problem.excerpt.iter().try_for_each(|excerpt| write!(f, "\n{excerpt}"))?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
