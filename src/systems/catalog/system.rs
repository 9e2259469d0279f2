//! The catalog among the systems: NiceChat's categories and products, kept equal to the feed.

use std::collections::BTreeMap;

use axum::Router;
use tokio_util::sync::CancellationToken;

use super::context::Context;
use super::explain::ExplainedBy;
use super::import::Endpoints;
use super::job::CatalogJob;
use super::overtaking::Overtaking;
use super::planner;
use super::probe::probe;
use super::report::{CatalogLook, PlannedCatalog};
use crate::catalog::Kind;
use crate::config::Config;
use crate::pass::{Ask, BoxFuture, Failure, Job, Level, Meter, Planned};
use crate::remote::Limits;
use crate::shop::Shop;
use crate::state::{Reader, StateError};
use crate::systems::catalog::plan::verdict::Held;
use crate::systems::catalog::store::ImportState;
use crate::systems::catalog::store::ReadGuard as _;
use crate::systems::catalog::store::ReadImports as _;
use crate::systems::catalog::store::ReadObjects as _;
use crate::systems::catalog::store::ReadPlan as _;
use crate::systems::catalog::store::ReadTroubles as _;
use crate::systems::look::Look;
use crate::systems::system::{Probe, System};

/// See the module.
#[derive(Default)]
pub struct CatalogSystem {
    /// The addresses of imports under way.
    endpoints: Endpoints,
    /// What passes tell each other.
    overtaking: Overtaking,
}

const METERS: [Meter; 4] = [
    Meter {
        name: "objects",
        help: "Objects that passes created, updated or deleted; failed are those whose request failed or was refused",
        label: Some("operation"),
        from_start: &["created", "updated", "deleted", "failed"],
    },
    Meter {
        name: "nicechat_requests",
        help: "Requests to NiceChat, tries included, by the HTTP status of the answer; none when there was none",
        label: Some("status"),
        from_start: &[],
    },
    Meter {
        name: "nicechat_retries",
        help: "Requests to NiceChat that were another try of one that had failed",
        label: None,
        from_start: &[],
    },
    Meter {
        name: "imports",
        help: "Feed imports that ended, by state",
        label: Some("state"),
        from_start: &[ImportState::Success.name(), ImportState::Failed.name()],
    },
];

impl System for CatalogSystem {
    fn job(&self, shop: &Shop, is_served: bool) -> Option<Box<dyn Job>> {
        let context = Context {
            config: shop.config.catalog.clone()?,
            state: shop.state.clone(),
            endpoints: self.endpoints.clone(),
            overtaking: self.overtaking.clone(),
            computing: shop.computing.clone(),
            stocked: shop.stocked.clone(),
            limits: shop.limits.clone(),
            audience: shop.audience(),
            is_listening: is_served,
        };
        Some(Box::new(CatalogJob(context)))
    }

    fn plan<'a>(
        &'a self,
        config: &'a Config,
        limits: &'a Limits,
        ask: Ask,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Option<Result<Box<dyn Planned>, Failure>>> {
        Box::pin(async move {
            let plan = planner::plan(config.catalog.as_ref()?, limits, ask, stop).await;
            let plan = plan.map(|plan| -> Box<dyn Planned> { Box::new(PlannedCatalog(plan)) });
            Some(plan.map_err(Failure::from))
        })
    }

    fn partner(&self, config: &Config) -> Option<String> {
        config.catalog.as_ref().map(|catalog| format!("NiceChat {}", catalog.nicechat.base_url))
    }

    fn probes<'a>(&'a self, config: &'a Config) -> Vec<Probe<'a>> {
        let probe = |catalog| Probe { whom: "NiceChat", said: Box::pin(probe(catalog)) };
        config.catalog.as_deref().map(probe).into_iter().collect()
    }

    fn look(&self, config: &Config) -> Option<Box<dyn Look>> {
        // Whatever the settings are about, what a state has of the catalog is shown.
        let is_alone = config.source_alone.is_some() && config.oct8ne.is_some();
        // Without its keys, too, which only the unit may have.
        let source = config.source();
        let by = ExplainedBy::of(config);
        Some(Box::new(CatalogLook {
            schedule: source.map(|source| source.schedule.clone()),
            delay: source.map(|source| source.delay(&source.schedule)).unwrap_or_default(),
            is_alone,
            by,
            program: config.program.clone(),
        }))
    }

    fn routes(&self) -> Router {
        self.endpoints.routes()
    }

    fn meters(&self) -> &'static [Meter] {
        &METERS
    }

    fn levels(&self, reader: &Reader, _config: &Config) -> Result<Vec<Level>, StateError> {
        let (faults, refused) = reader.trouble()?;
        let is_importing = u64::from(reader.open_import()?.is_some());
        let level = |name, help, value| Level { name, help, label: None, value };
        let owned = |kind: Kind| {
            let label = Some(("type", kind.name().into()));
            Ok::<_, StateError>(Level {
                name: "owned_objects",
                help: "Objects at NiceChat that are ours, by type",
                label,
                value: reader.owned(kind)?,
            })
        };
        let held = reader.held()?.and_then(|held| serde_json::from_value::<Held>(held).ok());
        let mut by_risk = BTreeMap::new();
        for risk in held.into_iter().flat_map(|held| held.held) {
            // What holds a whole pass may be about no object, and is held all the same.
            *by_risk.entry(risk.risk).or_insert(0) += risk.count.max(1);
        }
        let held = by_risk.into_iter().map(|(risk, value)| Level {
            name: "held",
            help: "Objects of which the guard holds something, by risk",
            label: Some(("risk", risk.into())),
            value,
        });
        let levels = vec![
            owned(Kind::Category)?,
            owned(Kind::Product)?,
            level("rejected_rows", "Rows of the feed that were rejected when it was read last", faults.rows()),
            level("refused_objects", "Objects that NiceChat refuses", refused.all()),
            level("pending_changes", "Changes of the last plan that are still to be sent", reader.pending()?),
            level("import_under_way", "Whether NiceChat is importing the feed: 1 or 0", is_importing),
        ];
        Ok(levels.into_iter().chain(held).collect())
    }
}
