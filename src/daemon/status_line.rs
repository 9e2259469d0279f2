//! The line that `systemctl status` shows: what the catalogue's pass does, then the events, then what is wrong with
//! the config on disk.

use std::sync::{Arc, Mutex, PoisonError};

use crate::systemd;

/// The line. A clone is the same one.
#[derive(Debug, Clone, Default)]
pub(super) struct StatusLine(Arc<Mutex<Parts>>);

#[derive(Debug, Default, PartialEq, Eq)]
struct Parts {
    catalog: String,
    events: Option<String>,
    refused_config: Option<String>,
}

impl StatusLine {
    /// How the catalogue's pass stands.
    pub(super) fn catalog(&self, text: &str) {
        self.change(|parts| text.clone_into(&mut parts.catalog));
    }

    /// How the events' pass stands; `None` = there are none to mirror.
    pub(super) fn events(&self, text: Option<String>) {
        self.change(|parts| parts.events = text);
    }

    /// Why the config on disk is not the one in use; `None` = it is.
    pub(super) fn refused_config(&self, why: Option<String>) {
        self.change(|parts| parts.refused_config = why);
    }

    fn change(&self, change: impl FnOnce(&mut Parts)) {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = parts.text();
        change(&mut parts);
        let text = parts.text();
        if text != before {
            systemd::status(&text);
        }
    }
}

impl Parts {
    fn text(&self) -> String {
        let refused = self.refused_config.as_ref().map(|why| format!("new config not used, the old one stays: {why}"));
        let parts = [Some(self.catalog.clone()).filter(|text| !text.is_empty()), self.events.clone(), refused];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_are_there_stand_one_after_the_other() {
        let mut parts = Parts { catalog: "idle; last sync: ok".to_owned(), ..Parts::default() };
        assert_eq!(parts.text(), "idle; last sync: ok");
        parts.events = Some("events: ok".to_owned());
        parts.refused_config = Some("no".to_owned());
        assert_eq!(parts.text(), "idle; last sync: ok; events: ok; new config not used, the old one stays: no");
    }
}
