//! What is counted of requests. No label that a client can invent.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::answer::Outcome;

/// The upper ends of the durations that are told apart, in seconds.
const DURATIONS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// The methods, as they are asked for in lower case and as they are told.
pub(in crate::systems::oct8ne) const METHODS: [(&str, &str); 12] = [
    ("getadapterinfo", "getAdapterInfo"),
    ("productsummary", "productSummary"),
    ("productinfo", "productInfo"),
    ("productrelated", "productRelated"),
    ("search", "search"),
    ("customerdata", "customerData"),
    ("getcart", "getCart"),
    ("addtowishlist", "addToWishlist"),
    ("getorders", "getOrders"),
    ("getorderdetails", "getOrderDetails"),
    ("getsalesreport", "getSalesReport"),
    ("placeholder.svg", "placeholder"),
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Method {
    method: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    call: &'static str,
    outcome: &'static str,
}

/// Counted from the start of the process on. A clone counts the same.
#[derive(Clone)]
pub(in crate::systems::oct8ne) struct Metrics {
    requests: Family<Request, Counter>,
    durations: Family<Method, Histogram>,
    tokens_refused: Counter,
    shop: Family<Call, Counter>,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics {
            requests: Family::default(),
            durations: Family::new_with_constructor((|| Histogram::new(DURATIONS)) as fn() -> Histogram),
            tokens_refused: Counter::default(),
            shop: Family::default(),
        }
    }
}

impl Metrics {
    pub(in crate::systems::oct8ne) fn register(&self, registry: &mut Registry) {
        let help = "Requests of the widget, by method and outcome";
        registry.register("oct8ne_requests", help, Family::clone(&self.requests));
        let help = "How long answers took, by method";
        registry.register_with_unit("oct8ne_request_duration", help, Unit::Seconds, Family::clone(&self.durations));
        registry.register("oct8ne_tokens_refused", "Requests with a wrong token", self.tokens_refused.clone());
        let help = "Questions to the shop, by what was asked and whether it answered";
        registry.register("oct8ne_shop_requests", help, Family::clone(&self.shop));
    }

    /// Counts a request; `method` in lower case.
    pub(in crate::systems::oct8ne) fn request(&self, method: &str, outcome: Outcome, took: Duration) {
        let method = METHODS.iter().find(|(asked, _)| *asked == method).map_or("other", |(_, told)| told);
        self.requests.get_or_create(&Request { method, outcome: outcome.name() }).inc();
        self.durations.get_or_create(&Method { method }).observe(took.as_secs_f64());
    }

    pub(in crate::systems::oct8ne) fn token_refused(&self) {
        self.tokens_refused.inc();
    }

    pub(in crate::systems::oct8ne) fn shop(&self, call: &'static str, outcome: &'static str) {
        self.shop.get_or_create(&Call { call, outcome }).inc();
    }
}
