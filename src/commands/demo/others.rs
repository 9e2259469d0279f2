//! What else the same shop has: an order of a chat, an advisor who leaves and comes back, a store that is to be set up.

use std::io;

use anyhow::Context as _;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::tell::{pass, say};
use crate::remote::newstore::Connected;
use crate::report::PrintError;
use crate::shop::Shop;
use crate::state::Reader;
use crate::systems::System as _;
use crate::systems::availability::{AvailabilitySystem, watch_states, watches_text};
use crate::systems::newstore::{Gathered, ShownPlan, gather, known};
use crate::systems::orders::store::{OrdersFilter, ReadOrders as _};
use crate::systems::orders::{By, OrdersSystem, Shower, sold, sold_text};
use crate::systems::product as product_of;
use ::sandbox::{DEMO_ADVISOR, Kind, Sandbox};

/// An order comes in, and counts for those who had a part in it.
pub(super) async fn order(sandbox: &Sandbox, shop: &Shop, stop: &CancellationToken) -> anyhow::Result<()> {
    say("\n━━ 7. A chat ends with an order: it is mirrored, and counts for the two agents.\n")?;
    let products = sandbox.nicechat().objects(Kind::Product);
    let (id, product) = products.iter().next().context("there are products")?;
    sandbox.nicechat().put_order(ordered(id, product));
    let system = OrdersSystem { products: product_of };
    let job = system.job(shop, false).context("the demo has orders")?;
    pass(job.as_ref(), stop).await?;
    let reader = Reader::open(&shop.config.state.path)?;
    let shower = Shower { reader: &reader, products: product_of, currency: None };
    let mut sum = sold(By::Agent);
    reader.each_order(OrdersFilter::default(), |held| {
        sum.add(&shower.shown(held)?);
        Ok::<(), PrintError>(())
    })?;
    say("\n$ shelfkeeper orders --by agent")?;
    Ok(sold_text(By::Agent, &sum.rows(), &mut io::stdout())?)
}

fn ordered(id: &str, product: &Map<String, Value>) -> Value {
    json!({
        "id": 1,
        "deal": {
            "website": "shop.example", "num": "o-1001", "agents": ["ann@shop.example", "bob@shop.example"], "chat": 71,
            "date": jiff::Timestamp::now().to_string(),
            "products": [{"id": id, "title": product["title"], "price": product["price"], "qty": 3}],
        },
        "contacts": {"client": {"name": "nobody's business"}},
    })
}

/// An advisor leaves and comes back.
pub(super) async fn advisor(sandbox: &Sandbox, shop: &Shop, stop: &CancellationToken) -> anyhow::Result<()> {
    say("\n━━ 8. An advisor of Emplifi's leaves and comes back: the shop's pages follow.\n")?;
    let settings = shop.config.emplifi.as_ref().context("the demo has an advisor")?;
    for is_there in [true, false, true] {
        sandbox.emplifi().set_available(DEMO_ADVISOR, is_there);
        // The first round of a process doesn't wait.
        let system = AvailabilitySystem::default();
        let job = system.job(shop, false).context("the demo has an advisor")?;
        pass(job.as_ref(), stop).await?;
        let states = watch_states(&Reader::open(&shop.config.state.path)?, settings)?;
        watches_text(&states.iter().collect::<Vec<_>>(), &mut io::stdout())?;
    }
    Ok(())
}

/// What would be bought for a store of NewStore's.
pub(super) async fn store(shop: &Shop) -> anyhow::Result<()> {
    say("\n━━ 9. What a store would buy for clienteling: only a person has it done.\n")?;
    let settings = shop.config.newstore.as_ref().context("the demo has a store")?;
    let reader = Connected::new(settings)?.reader();
    let Gathered { plan, .. } = gather(settings, &known(settings)?, &reader).await?;
    let digest = plan.digest(settings);
    Ok(ShownPlan { plan: &plan, digest: &digest, settings, remote: None, caller: &shop.config.caller() }
        .text(&mut io::stdout())?)
}
