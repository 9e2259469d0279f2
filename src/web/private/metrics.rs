//! What Prometheus is told.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::catalog::Kind;
use crate::pass::{Outcome, PassKind, PassRow};
use crate::state::{Reader, StateError};
use crate::systems::catalog::Report;
use crate::systems::catalog::store::{
    ImportState, ReadImports as _, ReadObjects as _, ReadPasses as _, ReadTroubles as _,
};
use crate::systems::events::store::{MirrorPass, ReadEvents as _};
use crate::systems::events::{self as lagerkoll, Names};

/// The upper ends of the durations that are told apart, in seconds: an unchanged feed takes parts of a second, a
/// first load may take an hour.
const DURATIONS: [f64; 12] = [0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PassLabels {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ImportLabels {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabels {
    status: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TypeLabels {
    r#type: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobLabels {
    job: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

type Level = Gauge<u64, AtomicU64>;
type Seconds = Gauge<f64, AtomicU64>;

/// What is counted from the start of the process on.
pub(super) struct Metrics {
    registry: Registry,
    passes: Family<PassLabels, Counter>,
    durations: Family<PassLabels, Histogram>,
    objects: Family<OperationLabels, Counter>,
    requests: Family<StatusLabels, Counter>,
    retries: Counter,
    imports: Family<ImportLabels, Counter>,
    lagerkoll_requests: Counter,
}

/// How things stand in the state, whoever brought them there.
pub(super) struct Standing {
    rejected: u64,
    refused: u64,
    pending: u64,
    is_importing: bool,
    owned: [(Kind, u64); 2],
    /// Events in the mirror, if there is one.
    events: Option<u64>,
}

impl Standing {
    /// Reads it; waits for the disk.
    pub(super) fn read(reader: &Reader, events: Option<&Names>) -> Result<Standing, StateError> {
        let (rejected, refused) = reader.trouble()?;
        let owned = |kind| Ok::<_, StateError>((kind, reader.owned(kind)?));
        let owned = [owned(Kind::Category)?, owned(Kind::Product)?];
        let is_importing = reader.open_import()?.is_some();
        let events = events.map(|names| reader.mirror(&names.mirror)).transpose()?.flatten().map(|mirror| mirror.count);
        Ok(Standing { rejected, refused, pending: reader.pending()?, is_importing, owned, events })
    }
}

impl Metrics {
    pub(super) fn new() -> Metrics {
        let mut registry = registry();
        let passes = Family::default();
        registry.register("passes", "Passes that ended, by kind and outcome", Family::clone(&passes));
        let durations = Family::new_with_constructor((|| Histogram::new(DURATIONS)) as fn() -> Histogram);
        let help = "How long passes took, by kind and outcome";
        registry.register_with_unit("pass_duration", help, Unit::Seconds, Family::clone(&durations));
        let objects = Family::default();
        let help =
            "Objects that passes created, updated or deleted; failed are those whose request failed or was refused";
        registry.register("objects", help, Family::clone(&objects));
        let requests = Family::default();
        let help = "Requests to NiceChat, tries included, by the HTTP status of the answer; none when there was none";
        registry.register("nicechat_requests", help, Family::clone(&requests));
        let retries = Counter::default();
        let help = "Requests to NiceChat that were another try of one that had failed";
        registry.register("nicechat_retries", help, retries.clone());
        let build = Family::<BuildLabels, Level>::default();
        build.get_or_create(&BuildLabels { version: env!("CARGO_PKG_VERSION") }).set(1);
        registry.register("build_info", "The version that runs; always 1", build);
        let imports = Family::default();
        registry.register("imports", "Feed imports that ended, by state", Family::clone(&imports));
        let lagerkoll_requests = Counter::default();
        registry.register("lagerkoll_requests", "Requests to Lagerkoll, tries included", lagerkoll_requests.clone());
        let metrics = Metrics { registry, passes, durations, objects, requests, retries, imports, lagerkoll_requests };
        metrics.begin();
        metrics
    }

    /// A series that is there from the start shows its first step as one.
    fn begin(&self) {
        for kind in PassKind::ALL {
            for outcome in Outcome::ALL {
                drop(self.passes.get_or_create(&PassLabels { kind: kind.name(), outcome: outcome.name() }));
            }
        }
        for state in [ImportState::Success, ImportState::Failed] {
            drop(self.imports.get_or_create(&ImportLabels { state: state.name() }));
        }
        self.count_objects(0, 0, 0, 0);
    }

    /// Counts a pass.
    pub(super) fn record(&self, report: &Report) {
        let PassRow { kind, outcome, .. } = report.row;
        let labels = PassLabels { kind: kind.name(), outcome: outcome.name() };
        self.passes.get_or_create(&labels).inc();
        self.durations.get_or_create(&labels).observe(report.took.as_secs_f64());
        let PassRow { created, updated, deleted, failed, .. } = report.row;
        self.count_objects(created, updated, deleted, failed);
        let traffic = &report.traffic;
        let answered = traffic.answered.iter().map(|(status, count)| (status.to_string(), *count));
        let unanswered = [("none".to_owned(), traffic.unanswered())];
        for (status, count) in answered.chain(unanswered).filter(|(_, count)| *count > 0) {
            self.requests.get_or_create(&StatusLabels { status }).inc_by(count);
        }
        self.retries.inc_by(traffic.retries);
        if let Some(import) = &report.import {
            let state = if import.failure.is_some() { ImportState::Failed } else { ImportState::Success };
            self.imports.get_or_create(&ImportLabels { state: state.name() }).inc();
        }
    }

    /// Adds a pass over the events.
    pub(super) fn record_events(&self, report: &lagerkoll::Report) {
        let MirrorPass { outcome, requests, .. } = report.row;
        let labels = PassLabels { kind: "events", outcome: outcome.name() };
        self.passes.get_or_create(&labels).inc();
        self.durations.get_or_create(&labels).observe(report.took.as_secs_f64());
        self.lagerkoll_requests.inc_by(requests);
    }

    fn count_objects(&self, created: u64, updated: u64, deleted: u64, failed: u64) {
        for (operation, count) in [("created", created), ("updated", updated), ("deleted", deleted), ("failed", failed)]
        {
            self.objects.get_or_create(&OperationLabels { operation }).inc_by(count);
        }
    }

    /// All of it in the OpenMetrics text format, with what holds at this moment: how long ago each job went well,
    /// and, if it could be read, how things stand.
    pub(super) fn text(
        &self,
        ages: &[(&'static str, Duration)],
        standing: Option<&Standing>,
    ) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)?;
        encode_registry(&mut text, &moment(ages, standing))?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}

fn registry() -> Registry {
    Registry::with_prefix("shelfkeeper")
}

fn moment(ages: &[(&'static str, Duration)], standing: Option<&Standing>) -> Registry {
    let mut registry = registry();
    let since = Family::<JobLabels, Seconds>::default();
    for (job, age) in ages {
        since.get_or_create(&JobLabels { job }).set(age.as_secs_f64());
    }
    let help = "How long ago the last good pass of each job ended; absent before the first";
    registry.register_with_unit("last_good_pass_age", help, Unit::Seconds, since);
    let Some(Standing { rejected, refused, pending, is_importing, owned, events }) = standing else { return registry };
    if let Some(events) = events {
        let level = Level::default();
        level.set(*events);
        registry.register("mirrored_events", "Events of Lagerkoll in the mirror", level);
    }
    let owns = Family::<TypeLabels, Level>::default();
    for (kind, count) in owned {
        owns.get_or_create(&TypeLabels { r#type: kind.name() }).set(*count);
    }
    registry.register("owned_objects", "Objects at NiceChat that are ours, by type", owns);
    for (name, help, value) in [
        ("rejected_rows", "Rows of the feed that were not taken when it was read last", *rejected),
        ("refused_objects", "Objects that NiceChat refuses as they are", *refused),
        ("pending_changes", "Changes of the last plan that are still to be sent", *pending),
        ("import_under_way", "Whether NiceChat is importing the feed: 1 or 0", u64::from(*is_importing)),
    ] {
        let level = Level::default();
        level.set(value);
        registry.register(name, help, level);
    }
    registry
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::remote::Traffic;
    use crate::systems::catalog::ImportReport;

    fn report(outcome: Outcome, traffic: Traffic) -> Report {
        let row = PassRow {
            started: "2026-01-01T00:00:00Z".parse().expect("a time"),
            finished: "2026-01-01T00:00:07Z".parse().expect("a time"),
            kind: PassKind::Sync,
            outcome,
            read: 9,
            rejected: 1,
            created: 3,
            updated: 2,
            deleted: 1,
            failed: 1,
            requests: traffic.requests,
            reason: None,
        };
        let import = Some(ImportReport { failure: None, shortfall: None });
        Report { row, summary: None, error: None, refused: 1, took: Duration::from_secs(7), traffic, import }
    }

    #[test]
    fn the_whole_text() {
        let metrics = Metrics::new();
        let traffic = Traffic { requests: 11, retries: 2, answered: BTreeMap::from([(200, 8), (503, 2)]) };
        metrics.record(&report(Outcome::Partial, traffic.clone()));
        metrics.record(&report(Outcome::Partial, traffic));
        let standing = Standing {
            rejected: 1,
            refused: 2,
            pending: 3,
            is_importing: true,
            owned: [(Kind::Category, 4), (Kind::Product, 5)],
            events: Some(6),
        };
        let text = metrics.text(&[("sync", Duration::from_millis(1500))], Some(&standing)).expect("text");
        let (comments, series): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('#'));
        let mut series: Vec<&str> = series.into_iter().filter(|line| !line.ends_with(" 0")).collect();
        // Within a metric, the order is any.
        series.sort_unstable();
        let text = format!("{}\n\n{}", comments.join("\n"), series.join("\n"));
        insta::with_settings!({
            omit_expression => true,
            filters => [(env!("CARGO_PKG_VERSION"), "VERSION")],
        }, { insta::assert_snapshot!(text) });
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let text = Metrics::new().text(&[], None).expect("text");
        for absent in ["shelfkeeper_rejected_rows", "shelfkeeper_owned_objects", "last_good_pass_age_seconds{"] {
            assert!(!text.contains(absent), "{text}");
        }
        assert!(text.contains("shelfkeeper_passes_total{kind=\"sync\",outcome=\"failed\"} 0\n"), "{text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
