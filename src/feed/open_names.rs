//! Which elements are open, as markup is walked through.

/// The names of the open elements, in one string: a million elements need no allocation each.
#[derive(Default)]
pub(super) struct Open {
    names: String,
    starts: Vec<usize>,
}

impl Open {
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    pub(super) fn innermost(&self) -> Option<&str> {
        self.starts.last().map(|start| &self.names[*start..])
    }

    pub(super) fn outermost(&self) -> Option<&str> {
        self.starts.first().map(|start| &self.names[*start..self.starts.get(1).copied().unwrap_or(self.names.len())])
    }

    pub(super) fn push(&mut self, name: &str) {
        self.starts.push(self.names.len());
        self.names.push_str(name);
    }

    /// The innermost one of this name.
    pub(super) fn last(&self, name: &str) -> Option<usize> {
        let mut end = self.names.len();
        self.starts.iter().rposition(|start| self.names[*start..std::mem::replace(&mut end, *start)] == *name)
    }

    pub(super) fn truncate(&mut self, count: usize) {
        if let Some(start) = self.starts.get(count) {
            self.names.truncate(*start);
        }
        self.starts.truncate(count);
    }
}
