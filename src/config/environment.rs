//! The surroundings that settings depend on, apart from the file itself.

use std::ffi::OsString;
use std::path::PathBuf;

/// Where environment variables come from, and whether secrets are looked for. Tests give variables of their own:
/// the process's are shared by all threads.
pub(super) struct Environment {
    variables: Box<Variables>,
    secrets: Secrets,
}

/// What is done about secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    /// They are read, and must be there.
    Needed,
    /// They may be missing; it is looked for where they are, but not at what they are.
    Located,
    /// They may be missing, and nothing outside of the config is looked at: whoever only looks at the state may not
    /// be allowed to.
    Unneeded,
}

type Variables = dyn Fn(&str) -> Option<OsString>;

impl Environment {
    /// The environment of this process.
    pub(super) fn process() -> Environment {
        Environment { variables: Box::new(|name| std::env::var_os(name)), secrets: Secrets::Needed }
    }

    /// The same without the secrets.
    pub(super) fn without_secrets(self) -> Environment {
        Environment { secrets: Secrets::Unneeded, ..self }
    }

    /// The same, with no more than the places of the secrets.
    pub(super) fn with_located_secrets(self) -> Environment {
        Environment { secrets: Secrets::Located, ..self }
    }

    /// An environment of these variables and no others.
    pub(super) fn of(variables: &[(&str, &str)]) -> Environment {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), OsString::from(value));
        let variables: std::collections::HashMap<_, _> = variables.iter().map(owned).collect();
        Environment { variables: Box::new(move |name| variables.get(name).cloned()), secrets: Secrets::Needed }
    }

    /// A variable, empty or not.
    pub(super) fn var(&self, name: &str) -> Option<OsString> {
        (self.variables)(name)
    }

    /// What is done about secrets.
    pub(super) fn secrets(&self) -> Secrets {
        self.secrets
    }

    /// A variable that holds a path; an empty one counts as not set.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.var(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }
}
