//! What is told between passes: that there was none that went well for long, and that the disk is nearly full.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::audience::Audience;
use super::judge::{Told, event};
use crate::files::Space;
use crate::outbox::{EventKind, NewEvent};

/// How things stand just now.
#[derive(Debug, Clone)]
pub(in crate::pass) struct Health {
    pub(in crate::pass) at: Timestamp,
    /// The jobs that the settings want; empty = nobody knows yet.
    pub(in crate::pass) jobs: Vec<&'static str>,
    /// Jobs without a good pass for long.
    pub(in crate::pass) stale: Vec<JobHealth>,
    /// The room where the state is; `None` = nobody knows.
    pub(in crate::pass) space: Option<Space>,
}

/// A job without a good pass for long.
#[derive(Debug, Clone)]
pub(in crate::pass) struct JobHealth {
    pub(in crate::pass) job: &'static str,
    /// When its last good pass ended; else when its first one began.
    pub(in crate::pass) since: Timestamp,
    /// When it is due, in words.
    pub(in crate::pass) schedule: String,
    /// Why its last pass did not go well.
    pub(in crate::pass) reason: Option<String>,
}

impl Health {
    /// What is over with jobs that the settings want no more, which are forgotten then.
    pub(in crate::pass) fn judge_gone(&self, told: &mut BTreeMap<String, Told>, audience: &Audience) -> Vec<NewEvent> {
        if self.jobs.is_empty() {
            return Vec::new();
        }
        let mut events = Vec::new();
        told.retain(|job, told| {
            let is_wanted = self.jobs.contains(&job.as_str());
            if !is_wanted {
                events.extend(told.gone(job, audience, self.at));
            }
            is_wanted
        });
        events
    }
}

impl JobHealth {
    /// What is to be told of it.
    pub(in crate::pass) fn judge(&self, told: &mut Told, audience: &Audience, at: Timestamp) -> Option<NewEvent> {
        let JobHealth { job, since, schedule, reason } = self;
        if told.stale.is_some() || !audience.wants(EventKind::SyncStale) {
            return None;
        }
        told.stale = Some(*since);
        let said = json!({"over": false, "schedule": schedule, "reason": reason});
        Some(event(audience, EventKind::SyncStale, Some(job), (at, *since, said)))
    }
}

impl Space {
    /// What is to be told of it. `told` = since when it is low, where that was told. It is over when there is half as
    /// much again as is little, or a file that comes and goes would be told with every pass.
    pub(in crate::pass) fn judge(
        self,
        told: &mut Option<Timestamp>,
        audience: &Audience,
        at: Timestamp,
    ) -> Option<NewEvent> {
        let (Space { free, total }, low) = (self, audience.disk_low);
        let over = match told {
            None if free < low => false,
            Some(_) if free >= low.saturating_add(low / 2) => true,
            _ => return None,
        };
        let since = told.unwrap_or(at);
        *told = Some(since).filter(|_| !over);
        let said = json!({"over": over, "free_bytes": free, "total_bytes": total, "low_bytes": low});
        Some(event(audience, EventKind::DiskLow, None, (at, since, said)))
    }
}
