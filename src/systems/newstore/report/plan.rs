//! A plan for people and for programs.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::config::{Caller, NewStore};
use crate::phone::Offer;
use crate::systems::newstore::plan::{Op, Plan, PlannedRetailer, PlannedStore, Purchase, RetailerOp};
use crate::text::{fold, number, one_line};

/// A plan that is shown.
pub struct ShownPlan<'a> {
    /// All of it, or the part that is of interest.
    pub plan: &'a Plan,
    /// Of all of it.
    pub digest: &'a str,
    /// What it is a plan for.
    pub settings: &'a NewStore,
    /// What NewStore says of the retailer; `None` = nobody has asked.
    pub remote: Option<&'a Value>,
    /// How the commands in it are called.
    pub caller: &'a Caller,
}

impl ShownPlan<'_> {
    /// Prints it for programs.
    ///
    /// # Errors
    /// When it can't be printed.
    pub fn json(&self, out: &mut impl Write) -> io::Result<()> {
        let plan = self.plan;
        let retailer = plan.retailer.as_ref();
        let retailer = retailer.map(|PlannedRetailer { op, ecom_link, reason, .. }| {
            json!({"op": op.name(), "ecom_link": ecom_link, "reason": self.typed(reason.as_deref())})
        });
        let plan = json!({
            "tenant": self.settings.tenant,
            "digest": self.digest,
            "retailer": retailer,
            "stores": plan.stores.iter().map(|store| self.store_json(store)).collect::<Vec<_>>(),
            "summary": {
                "configure": usize::from(plan.configures().is_some()),
                "onboard": plan.to_onboard(),
                "blocked": plan.blocked(),
                "doubt": plan.in_doubt(),
            },
            "remote": self.remote,
        });
        writeln!(out, "{plan}")
    }

    /// Prints it for people.
    ///
    /// # Errors
    /// When it can't be printed.
    pub fn text(&self, out: &mut impl Write) -> io::Result<()> {
        let (plan, settings) = (self.plan, self.settings);
        writeln!(out, "{}", fold(&format!("NewStore {}, {}", settings.tenant, settings.base_url), 4))?;
        if let Some(remote) = self.remote {
            let says = format!("NewStore says of the retailer: {}", one_line(&remote.to_string()));
            writeln!(out, "{}", fold(&says, 4))?;
        }
        writeln!(out)?;
        if let Some(retailer) = &plan.retailer {
            let PlannedRetailer { op, ecom_link, reason, .. } = retailer;
            let what = match op {
                RetailerOp::Configure => format!("configure with {ecom_link}"),
                RetailerOp::None => "nothing to be done".to_owned(),
                RetailerOp::Blocked => format!("blocked; it is to have {ecom_link}"),
            };
            tell("retailer", &what, self.typed(reason.as_deref()).as_deref(), &[], out)?;
        }
        for store in &plan.stores {
            let is_again = matches!(store.op, Op::Doubt(_));
            let costs = store.purchase().map(|purchase| costs(purchase, is_again)).unwrap_or_default();
            let reason = self.typed(store.reason.as_deref());
            tell(&format!("store {}", store.id), &what(store), reason.as_deref(), &costs, out)?;
        }
        if plan.retailer.is_none() && plan.stores.is_empty() {
            writeln!(out, "Nothing is declared: add [[newstore.store]], or ecom_link.")?;
        }
        self.closing(out)
    }

    fn closing(&self, out: &mut impl Write) -> io::Result<()> {
        let (plan, digest) = (self.plan, self.digest);
        let figures = [
            (usize::from(plan.configures().is_some()), "retailer to configure"),
            (plan.to_onboard(), "to onboard"),
            (plan.blocked(), "blocked"),
            (plan.in_doubt(), "in doubt"),
        ];
        let figures = figures.iter().filter(|(figure, _)| *figure > 0).map(|(figure, what)| format!("{figure} {what}"));
        let figures: Vec<String> = figures.collect();
        let figures = if figures.is_empty() { "nothing to be done".to_owned() } else { figures.join(", ") };
        writeln!(out, "\nPlan {digest}: {figures}.")?;
        let unknown = plan.unknown_addresses(self.settings);
        if !plan.has_changes() {
            return Ok(());
        }
        if unknown.is_empty() {
            let program = &self.caller.program;
            return writeln!(out, "To have exactly this done: {program} newstore apply --plan {digest}");
        }
        let needed = format!(
            "Before it can be applied, look up {} on NewStore's page (Clienteling Setup API), and set {} in [newstore].",
            unknown.join(" and "),
            if unknown.len() == 1 { "it" } else { "them" }
        );
        writeln!(out, "{}", fold(&needed, 0))
    }

    fn store_json(&self, store: &PlannedStore) -> Value {
        let purchase = store.purchase();
        let offer = purchase.and_then(|purchase| purchase.offer.as_ref());
        json!({
            "id": store.id,
            "op": store.op_name(),
            "phone_number": purchase.map(|purchase| &purchase.number).or(store.number.as_ref()),
            "locality": offer.and_then(|offer| offer.locality.as_ref()),
            "region": offer.and_then(|offer| offer.region.as_ref()),
            "fitting": purchase.map_or(0, |purchase| purchase.fitting),
            "enable": store.enable,
            "reason": self.typed(store.reason.as_deref()),
        })
    }

    /// A reason with its commands as they are to be typed for the shop.
    fn typed(&self, reason: Option<&str>) -> Option<String> {
        reason.map(|reason| self.caller.typed(reason))
    }
}

/// A line, and below it what has lines of its own.
fn tell(who: &str, what: &str, reason: Option<&str>, costs: &[String], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", fold(&format!("{who}: {what}"), 4))?;
    let lines = costs.iter().map(String::as_str).chain(reason);
    lines.map(|line| fold(&format!("    {line}"), 4)).try_for_each(|line| writeln!(out, "{line}"))
}

fn what(store: &PlannedStore) -> String {
    let has = store.number.as_ref().map(|number| format!(" {number}")).unwrap_or_default();
    match &store.op {
        Op::Onboard(purchase) => format!("onboard with {}", purchase.number),
        Op::None => format!("nothing to be done; it has{}", if has.is_empty() { " a number" } else { &has }),
        Op::Blocked => "blocked".to_owned(),
        Op::Doubt(_) => format!("IN DOUBT, whether it has{has}"),
        Op::Left => format!(
            "left as it is, with{}: the config doesn't have it any more",
            if has.is_empty() { " its number" } else { &has }
        ),
    }
}

/// Where the number is, out of how many, and what it costs for ever. One that is sent again was chosen before.
fn costs(purchase: &Purchase, is_again: bool) -> Vec<String> {
    let place = |offer: &Offer| {
        let parts: Vec<String> =
            [&offer.locality, &offer.region].into_iter().flatten().map(|part| one_line(part)).collect();
        if parts.is_empty() { "nowhere in particular".to_owned() } else { parts.join(", ") }
    };
    let place = purchase.offer.as_ref().map(|offer| match purchase.fitting {
        1 => format!("{}; the only one that fits", place(offer)),
        fitting if is_again => format!("{}; one of {} that fit", place(offer), number(fitting)),
        fitting => format!("{}; the lowest free one of {} that fit", place(offer), number(fitting)),
    });
    let buys = "buys a number".to_owned();
    let enables = "enables clienteling, which can't be disabled again".to_owned();
    place.into_iter().chain([buys]).chain(purchase.enable.then_some(enables)).collect()
}
