//! What is handed to those who watch: alert rules and a dashboard are what Prometheus and Grafana take, and name no metric
//! that there isn't. So does the page that lists the metrics.

use std::collections::BTreeSet;
use std::path::Path;

use promql_parser::parser::{self, Expr};
use serde::Deserialize;
use serde_json::Value;

use crate::kit::process::Process;
use crate::kit::{Shop, door, wait_until};
use sandbox::Advisor;

/// The ends that Prometheus appends to a metric's name for its series.
const SERIES: [&str; 6] = ["_total", "_bucket", "_count", "_sum", "_info", ""];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    name: String,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    alert: String,
    expr: String,
    #[serde(default, rename = "for")]
    lasts: Option<String>,
    labels: Labels,
    annotations: Annotations,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Labels {
    severity: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Annotations {
    summary: String,
    description: String,
}

fn text(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

/// The series that an expression looks at.
fn names(expression: &str) -> BTreeSet<String> {
    let parsed = parser::parse(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
    let mut series = BTreeSet::new();
    collect(&parsed, &mut series);
    series
}

fn collect(expression: &Expr, series: &mut BTreeSet<String>) {
    match expression {
        Expr::VectorSelector(selector) => series.extend(selector.name.clone()),
        Expr::MatrixSelector(matrix) => series.extend(matrix.vs.name.clone()),
        Expr::Aggregate(aggregate) => collect(&aggregate.expr, series),
        Expr::Unary(unary) => collect(&unary.expr, series),
        Expr::Paren(paren) => collect(&paren.expr, series),
        Expr::Subquery(subquery) => collect(&subquery.expr, series),
        Expr::Binary(binary) => {
            collect(&binary.lhs, series);
            collect(&binary.rhs, series);
        }
        Expr::Call(call) => call.args.args.iter().for_each(|argument| collect(argument, series)),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}

/// The metrics that a daemon with everything in its config describes.
fn described() -> BTreeSet<String> {
    let shop = Shop::with_rows(&["1|Lamp|10.00 USD|in stock|Home"]);
    shop.emplifi().put(Advisor { alias: "sofa-team".to_owned(), keys: Vec::new(), available: true });
    let sections = [shop.lagerkoll_section(), shop.oct8ne_section(), shop.emplifi_section()].concat();
    shop.config(&format!(
        "{sections}[[emplifi.watch]]\nname = \"sofas\"\nalias = \"sofa-team\"\n[orders]\n\
         [[notify.hook]]\nname = \"file\"\nevents = [\"order.new\"]\ncommand = [\"/bin/true\"]\n\
         [http]\nlisten = \"127.0.0.1:0\"\npublic_listen = \"127.0.0.1:0\"\n"
    ));
    let daemon = Process::start(shop.command(&["run"]));
    let address = door::private(&daemon);
    let mut told = String::new();
    // What is shown to the widget and who is there is known when the first passes have ended.
    wait_until("everything is told of", || {
        told = door::ask(address, "GET /metrics", "Host: localhost\r\n").1;
        LAST.iter().all(|name| told.contains(&format!("# TYPE {name} ")))
    });
    let names = told.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next().map(str::to_owned));
    names.collect()
}

/// What is described when there is something to tell.
const LAST: [&str; 5] = [
    "shelfkeeper_mirrored_events",
    "shelfkeeper_last_good_pass_age_seconds",
    "shelfkeeper_advisor_available",
    "shelfkeeper_oct8ne_products",
    "shelfkeeper_orders_mirrored",
];
/// What has labels and nothing to tell at first: a family of no series is not described.
const LATE: [&str; 6] = [
    "shelfkeeper_held",
    "shelfkeeper_advisor_changes",
    "shelfkeeper_availability_answers",
    "shelfkeeper_oct8ne_requests",
    "shelfkeeper_oct8ne_request_duration_seconds",
    "shelfkeeper_oct8ne_shop_requests",
];

/// The metric of a series, where it is one of these.
fn metric<'m>(series: &str, metrics: &'m BTreeSet<String>) -> Option<&'m String> {
    SERIES.iter().find_map(|end| metrics.get(series.strip_suffix(end)?))
}

/// All expressions of the dashboard, with what Grafana fills in put in.
fn expressions(panel: &Value) -> Vec<String> {
    let targets = panel["targets"].as_array().cloned().unwrap_or_default();
    let told = |target: &Value| target["expr"].as_str().map(|told| told.replace("$instance", "shop:8787"));
    targets.iter().map(|target| told(target).expect("an expression")).collect()
}

#[test]
fn rules_and_dashboard_name_metrics_that_there_are() {
    let mut metrics = described();
    metrics.extend(LATE.map(str::to_owned));
    let page = text("docs/watching.md");
    for name in &metrics {
        assert!(page.contains(name.as_str()), "docs/watching.md doesn't tell of {name}");
    }
    let listed = page.split('`').filter(|word| word.starts_with("shelfkeeper_"));
    let series = |listed: &str| listed.split('{').next().map(str::to_owned);
    let absent: Vec<String> = listed.filter_map(series).filter(|series| metric(series, &metrics).is_none()).collect();
    assert!(absent.is_empty(), "docs/watching.md tells of {absent:?}, which there aren't");

    let rules: Rules = serde_saphyr::from_str(&text("docs/monitoring/alerts.yml")).expect("rules");
    let mut told = BTreeSet::new();
    for rule in rules.groups.iter().flat_map(|group| &group.rules) {
        assert!(told.insert(&rule.alert), "{} is there twice", rule.alert);
        assert!(["critical", "warning", "info"].contains(&rule.labels.severity.as_str()), "{}", rule.alert);
        assert!(rule.lasts.as_ref().is_none_or(|lasts| lasts.ends_with(['m', 'h', 'd'])), "{}", rule.alert);
        assert!(!rule.annotations.summary.is_empty() && !rule.annotations.description.is_empty(), "{}", rule.alert);
        for series in names(&rule.expr) {
            assert!(series == "up" || metric(&series, &metrics).is_some(), "{}: there is no {series}", rule.alert);
        }
    }
    assert!(rules.groups.iter().all(|group| group.name == "shelfkeeper") && told.len() > 10, "{told:?}");
    for alert in ["HasStopped", "MirrorHasStopped", "NeverBegan", "ChangesWait", "HookIsNotTold"] {
        let is_it = |rule: &&Rule| rule.alert == format!("Shelfkeeper{alert}");
        let rule = rules.groups.iter().flat_map(|group| &group.rules).find(is_it);
        let series = names(&rule.expect(alert).expr);
        assert!(series.contains("shelfkeeper_paused"), "{alert} is told of what somebody has paused");
    }

    let dashboard: Value = serde_json::from_str(&text("docs/monitoring/grafana.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let mut shown = BTreeSet::new();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let all = expressions(panel);
        assert!(!all.is_empty(), "{} shows nothing", panel["title"]);
        for series in all.iter().flat_map(|expression| names(expression)) {
            let metric = metric(&series, &metrics);
            shown.extend(metric.cloned());
            assert!(metric.is_some(), "{}: there is no {series}", panel["title"]);
        }
    }
    assert!(shown.len() > 15, "{shown:?}");
}
