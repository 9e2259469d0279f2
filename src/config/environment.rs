//! The surroundings that settings depend on, apart from the file itself.

use std::ffi::OsString;
use std::path::PathBuf;

/// Where environment variables come from. Tests give their own: the process's are shared by all
/// threads.
pub(super) struct Environment(Box<Variables>);

type Variables = dyn Fn(&str) -> Option<OsString>;

impl Environment {
    /// The environment of this process.
    pub(super) fn process() -> Environment {
        Environment(Box::new(|name| std::env::var_os(name)))
    }

    /// An environment of these variables and no others.
    #[cfg(test)]
    pub(super) fn of(variables: &[(&str, &str)]) -> Environment {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), OsString::from(value));
        let variables: std::collections::HashMap<_, _> = variables.iter().map(owned).collect();
        Environment(Box::new(move |name| variables.get(name).cloned()))
    }

    /// A variable, empty or not.
    pub(super) fn var(&self, name: &str) -> Option<OsString> {
        self.0(name)
    }

    /// A variable that holds a path; an empty one counts as not set.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.var(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }
}
