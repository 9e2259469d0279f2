//! What Prometheus is told.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::pass::{self, Meter, Outcome, PassKind, Report};

/// The upper ends of the durations that are told apart, in seconds: an unchanged feed takes parts of a second, a
/// first load may take an hour.
const DURATIONS: [f64; 12] = [0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PassLabels {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobLabels {
    job: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

/// A job's own labels and their values.
type Labels = Vec<(&'static str, Cow<'static, str>)>;

/// What is counted from the start of the process on.
pub(super) struct Metrics {
    /// Whose they are, where a process looks after several shops.
    shop: Option<Arc<str>>,
    registry: Registry,
    passes: Family<PassLabels, Counter>,
    durations: Family<PassLabels, Histogram>,
    /// What jobs count, by the meter's name.
    meters: BTreeMap<&'static str, Counted>,
}

/// A meter of a job. Without a label it is no family: that would be written with braces and nothing in them.
enum Counted {
    Alone(Counter),
    ByLabel(&'static str, Family<Labels, Counter>),
}

impl Metrics {
    pub(super) fn new<'m>(
        shop: Option<Arc<str>>,
        meters: impl Iterator<Item = &'m Meter>,
        more: impl FnOnce(&mut Registry),
    ) -> Metrics {
        let mut registry = registry(shop.as_deref());
        let passes = Family::<PassLabels, Counter>::default();
        registry.register("passes", "Passes that ended, by kind and outcome", Family::clone(&passes));
        let durations = Family::new_with_constructor((|| Histogram::new(DURATIONS)) as fn() -> Histogram);
        let help = "How long passes took, by kind and outcome";
        registry.register_with_unit("pass_duration", help, Unit::Seconds, Family::clone(&durations));
        let build = Family::<BuildLabels, Gauge<u64, AtomicU64>>::default();
        build.get_or_create(&BuildLabels { version: env!("CARGO_PKG_VERSION") }).set(1);
        registry.register("build_info", "The version that runs; always 1", build);
        let meters = meters.map(|meter| (meter.name, register(&mut registry, meter))).collect();
        more(&mut registry);
        let metrics = Metrics { shop, registry, passes, durations, meters };
        PassKind::ALL.iter().for_each(|kind| metrics.expect(kind.name()));
        metrics
    }

    /// There will be passes that are called so. A series that is there from the start shows its first step as one.
    pub(super) fn expect(&self, label: &'static str) {
        for outcome in Outcome::ALL {
            drop(self.passes.get_or_create(&PassLabels { kind: label, outcome: outcome.name() }));
        }
    }

    /// Counts a pass.
    pub(super) fn record(&self, report: &Report) {
        let labels = PassLabels { kind: report.label, outcome: report.row.outcome.name() };
        self.passes.get_or_create(&labels).inc();
        self.durations.get_or_create(&labels).observe(report.took.as_secs_f64());
        self.count(&report.samples);
    }

    /// Counts what a job or a system has counted.
    pub(super) fn count(&self, samples: &[pass::Sample]) {
        for sample in samples {
            match (self.meters.get(sample.meter), &sample.label) {
                (Some(Counted::Alone(counter)), _) => _ = counter.inc_by(sample.by),
                (Some(Counted::ByLabel(name, family)), Some(value)) => {
                    family.get_or_create(&named(name, value)).inc_by(sample.by);
                }
                _ => {}
            }
        }
    }

    /// All of it in the OpenMetrics text format, with what holds at this moment: how long ago each job went well, and
    /// how things stand.
    pub(super) fn text(&self, ages: &[(&'static str, Duration)], levels: &[pass::Level]) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)?;
        encode_registry(&mut text, &moment(self.shop.as_deref(), ages, levels))?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}

/// Of a shop that has a name, each series says so.
fn registry(shop: Option<&str>) -> Registry {
    let label = shop.map(|name| (Cow::Borrowed("shop"), Cow::Owned(name.to_owned())));
    Registry::with_prefix_and_labels("shelfkeeper", label.into_iter())
}

fn register(registry: &mut Registry, meter: &Meter) -> Counted {
    let Some(label) = meter.label else {
        let counter = Counter::default();
        registry.register(meter.name, meter.help, counter.clone());
        return Counted::Alone(counter);
    };
    let family = Family::<Labels, Counter>::default();
    registry.register(meter.name, meter.help, Family::clone(&family));
    for value in meter.from_start {
        drop(family.get_or_create(&named(label, value)));
    }
    Counted::ByLabel(label, family)
}

/// The labels of a series: several have a blank between them, and so have their values.
fn named(names: &'static str, values: &str) -> Labels {
    names.split(' ').zip(values.split(' ')).map(|(name, value)| (name, Cow::Owned(value.to_owned()))).collect()
}

fn moment(shop: Option<&str>, ages: &[(&'static str, Duration)], levels: &[pass::Level]) -> Registry {
    let mut registry = registry(shop);
    let since = Family::<JobLabels, Gauge<f64, AtomicU64>>::default();
    for (job, age) in ages {
        since.get_or_create(&JobLabels { job }).set(age.as_secs_f64());
    }
    let help = "How long ago the last good pass of each job ended; absent before the first";
    registry.register_with_unit("last_good_pass_age", help, Unit::Seconds, since);
    let mut gauges = BTreeMap::<&'static str, Family<Labels, Gauge<u64, AtomicU64>>>::new();
    for level in levels {
        let Some((label, value)) = &level.label else {
            let gauge = Gauge::<u64, AtomicU64>::default();
            gauge.set(level.value);
            registry.register(level.name, level.help, gauge);
            continue;
        };
        let gauge = gauges.entry(level.name).or_insert_with(|| {
            let gauge = Family::default();
            registry.register(level.name, level.help, Family::clone(&gauge));
            gauge
        });
        gauge.get_or_create(&vec![(*label, value.clone())]).set(level.value);
    }
    registry
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Stamp;
    use crate::pass::{Exit, Level, PassRow, Sample};
    use crate::systems::systems;

    fn metrics() -> Metrics {
        metrics_of(None)
    }

    fn metrics_of(shop: Option<Arc<str>>) -> Metrics {
        Metrics::new(shop, systems().iter().flat_map(|system| system.meters()), |_| ())
    }

    fn report(samples: Vec<Sample>) -> Report {
        let row = PassRow {
            started: "2026-01-01T00:00:00Z".parse().expect("a time"),
            finished: Stamp::by_wall("2026-01-01T00:00:07Z".parse().expect("a time")),
            kind: PassKind::Sync,
            outcome: Outcome::Partial,
            figures: [("read", 9)].into_iter().collect(),
            requests: 11,
            reason: None,
        };
        Report {
            label: "sync",
            row,
            took: Duration::from_secs(7),
            headline: String::new(),
            summary: String::new(),
            troubles: Vec::new(),
            notices: Vec::new(),
            exit: Exit::Partial,
            samples,
        }
    }

    #[test]
    fn the_whole_text() {
        let metrics = metrics();
        let samples = vec![
            Sample::labelled("objects", "created", 3),
            Sample::labelled("objects", "updated", 2),
            Sample::labelled("objects", "deleted", 1),
            Sample::labelled("objects", "failed", 1),
            Sample::labelled("nicechat_requests", "200", 8),
            Sample::labelled("nicechat_requests", "503", 2),
            Sample::labelled("nicechat_requests", "none", 1),
            Sample::labelled("imports", "success", 1),
            Sample::of("nicechat_retries", 2),
        ];
        metrics.record(&report(samples.clone()));
        metrics.record(&report(samples));
        let level = |name, help, label, value| Level { name, help, label, value };
        let levels = [
            level("owned_objects", "Objects at NiceChat that are ours, by type", Some(("type", "category".into())), 4),
            level("owned_objects", "Objects at NiceChat that are ours, by type", Some(("type", "product".into())), 5),
            level("rejected_rows", "Rows of the feed that were rejected when it was read last", None, 1),
            level("refused_objects", "Objects that NiceChat refuses", None, 2),
            level("pending_changes", "Changes of the last plan that are still to be sent", None, 3),
            level("import_under_way", "Whether NiceChat is importing the feed: 1 or 0", None, 1),
            level("mirrored_events", "Events of Lagerkoll in the mirror", None, 6),
        ];
        let text = metrics.text(&[("sync", Duration::from_millis(1500))], &levels).expect("text");
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
    fn each_series_says_whose_it_is_where_shops_have_names() {
        let levels = [Level { name: "pending_changes", help: "Changes", label: None, value: 3 }];
        let text = metrics_of(Some("north".into())).text(&[("sync", Duration::ZERO)], &levels).expect("text");
        let mut series = text.lines().filter(|line| !line.starts_with('#'));
        assert!(series.all(|line| line.contains("shop=\"north\"")), "{text}");
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let text = metrics().text(&[], &[]).expect("text");
        for absent in ["shelfkeeper_rejected_rows", "shelfkeeper_owned_objects", "last_good_pass_age_seconds{"] {
            assert!(!text.contains(absent), "{text}");
        }
        assert!(text.contains("shelfkeeper_passes_total{kind=\"sync\",outcome=\"failed\"} 0\n"), "{text}");
        assert!(text.contains("shelfkeeper_nicechat_retries_total 0\n"), "{text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
