//! Carrying a plan out: one request after the other, each on the disk before it is sent.

use std::io::{self, Write};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::LedgerError;
use super::by_hand::BY_HAND;
use super::plan::{Op, Plan, PlannedStore, Purchase, declaration};
use super::records::{Intent, Known, Record, RetailerRecord, RetailerState, StoreState};
use super::store::Ledger;
use crate::config::NewStore;
use crate::remote::newstore::{Sent, Writer};
use crate::text::fold;

/// What plans are carried out with.
pub struct Apply<'a> {
    /// What is declared.
    pub settings: &'a NewStore,
    /// What was done.
    pub ledger: &'a mut Ledger,
    /// Who buys.
    pub writer: &'a Writer,
    /// Ends it before the next request.
    pub stop: &'a CancellationToken,
    /// Told of each step.
    pub out: &'a mut dyn Write,
}

/// What it came to.
#[derive(Debug, Default)]
pub struct Applied {
    /// What was done.
    pub done: u64,
    /// What nobody knows the end of.
    pub in_doubt: u64,
    /// What was refused, or can't be done.
    pub refused: u64,
    /// Why it ended before its end.
    pub halted: Option<Halt>,
}

/// Why nothing more is sent.
#[derive(Debug)]
pub enum Halt {
    /// Nothing more would go well at NewStore.
    Service(String),
    /// What comes of a request can't be written down.
    Ledger(LedgerError),
    /// It can't be told what is done.
    Output(io::Error),
    /// Somebody has ended it.
    Interrupted,
}

impl From<LedgerError> for Halt {
    fn from(error: LedgerError) -> Self {
        Halt::Ledger(error)
    }
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        Halt::Output(error)
    }
}

impl Apply<'_> {
    /// Carries a plan out. `known` = what it was made from.
    pub async fn carry_out(mut self, plan: &Plan, known: &Known) -> Applied {
        let mut applied = Applied { refused: plan.blocked() as u64, ..Applied::default() };
        let given_up = plan.stores.iter().filter(|store| store.op == Op::Doubt(None));
        applied.in_doubt = given_up.count() as u64;
        applied.halted = self.steps(plan, known, &mut applied).await.err();
        applied
    }

    async fn steps(&mut self, plan: &Plan, known: &Known, applied: &mut Applied) -> Result<(), Halt> {
        if let Some(link) = plan.configures() {
            self.configure(link, known.retailer.as_ref(), applied).await?;
        }
        for store in &plan.stores {
            if let Some(purchase) = store.purchase() {
                self.onboard(store, purchase, known.stores.get(&store.id), applied).await?;
            }
        }
        Ok(())
    }

    async fn configure(
        &mut self,
        link: &str,
        before: Option<&RetailerRecord>,
        applied: &mut Applied,
    ) -> Result<(), Halt> {
        self.check_stop()?;
        let earlier = sent_before(before);
        if !earlier.iter().any(|sent| sent == link) {
            let links = earlier.iter().cloned().chain([link.to_owned()]).collect();
            self.keep_retailer(RetailerState::Sent(links))?;
        }
        let became = self.writer.configure(link).await;
        let halt = match &became {
            (Sent::NotSent { reason }, _) => Some(self.halt(format!("retailer: {reason}"))),
            _ => None,
        };
        if let Some(told) = self.configured(link, before, became, applied)? {
            self.tell("retailer", &told)?;
        }
        halt.map_or(Ok(()), Err)
    }

    /// Writes down what became of a link, and gives it in words; `None` = it is as it was. `was_lost` = nobody knows
    /// what became of one of its tries.
    fn configured(
        &mut self,
        link: &str,
        before: Option<&RetailerRecord>,
        (sent, was_lost): (Sent, bool),
        applied: &mut Applied,
    ) -> Result<Option<String>, LedgerError> {
        let earlier = sent_before(before);
        let others: Vec<&str> = earlier.iter().map(String::as_str).filter(|sent| *sent != link).collect();
        let is_again = others.len() < earlier.len();
        let told = match sent {
            Sent::Done => {
                self.keep_retailer(RetailerState::Configured(link.to_owned()))?;
                applied.done += 1;
                format!("configured with {link}")
            }
            // Whoever sent it first and was not told what became of it has probably done it.
            Sent::There { .. } if others.is_empty() && (is_again || was_lost) => {
                self.keep_retailer(RetailerState::Configured(link.to_owned()))?;
                applied.done += 1;
                format!("configured with {link}, by an earlier request of ours")
            }
            Sent::There { reason } => {
                self.keep_retailer(RetailerState::There)?;
                there(link, &others, &reason)
            }
            // Of the earlier request still nobody knows: NewStore may refuse this one because that one was done.
            Sent::Refused { reason } if !others.is_empty() => {
                if !was_lost {
                    self.ledger.put_retailer(before)?;
                }
                applied.in_doubt += 1;
                let others = others.join(" or ");
                format!("refused: {reason}; IN DOUBT, whether {others} was taken: look in {BY_HAND}, and `settle` it")
            }
            Sent::Refused { reason } => {
                self.keep_retailer(RetailerState::Refused { link: link.to_owned(), reason: reason.clone() })?;
                applied.refused += 1;
                format!("refused: {reason}")
            }
            Sent::NotSent { .. } if !was_lost => {
                self.ledger.put_retailer(before)?;
                return Ok(None);
            }
            // The stores stand alone; the next plan sends it again, and takes a 409 for an answer to this one.
            Sent::Doubt { reason } | Sent::NotSent { reason } => {
                applied.in_doubt += 1;
                format!("IN DOUBT, whether it is configured: {reason}; the next `apply` sends it again")
            }
        };
        Ok(Some(told))
    }

    async fn onboard(
        &mut self,
        store: &PlannedStore,
        purchase: &Purchase,
        before: Option<&Record>,
        applied: &mut Applied,
    ) -> Result<(), Halt> {
        self.check_stop()?;
        let Purchase { number, enable, .. } = purchase;
        let doubt = |reason| StoreState::Doubt(Intent { number: number.clone(), enable: *enable, reason });
        self.keep(store, doubt(None))?;
        let (state, told) = match self.writer.onboard(&store.id, number, *enable).await {
            Sent::Done => {
                applied.done += 1;
                let state = StoreState::Onboarded { number: Some(number.clone()), is_enabled: *enable };
                let told = format!("{} with {number}", state.name());
                (state, told)
            }
            Sent::Refused { reason } => {
                applied.refused += 1;
                let told = format!("refused: {reason}");
                (disputed(purchase, before, &reason).unwrap_or_else(|| self.refused(store, reason)), told)
            }
            Sent::There { reason } => {
                applied.refused += 1;
                let told = format!("there already, with which number isn't known: {reason}");
                let state = disputed(purchase, before, &reason);
                (state.unwrap_or_else(|| StoreState::There { sent: number.clone(), reason }), told)
            }
            Sent::Doubt { reason } => {
                applied.in_doubt += 1;
                let told = format!("IN DOUBT, whether it has {number}: {reason}; look at `newstore plan`");
                (doubt(Some(reason)), told)
            }
            Sent::NotSent { reason } => {
                // It is as it was: of an earlier request still nobody knows.
                self.ledger.put(&store.id, before)?;
                return Err(self.halt(format!("store {}: {reason}", store.id)));
            }
        };
        // Whoever can't remember it says it at least.
        let kept = self.keep(store, state);
        let lost = if kept.is_err() { "; this can't be written down, so `settle` it later" } else { "" };
        self.tell(&format!("store {}", store.id), &format!("{told}{lost}"))?;
        Ok(kept?)
    }

    /// A refusal says that nothing was bought.
    fn refused(&self, store: &PlannedStore, reason: String) -> StoreState {
        let declared = self.settings.stores.iter().find(|declared| declared.id == store.id);
        StoreState::Refused { declaration: declared.map(declaration).unwrap_or_default(), reason }
    }

    fn keep_retailer(&mut self, state: RetailerState) -> Result<(), LedgerError> {
        self.ledger.put_retailer(Some(&RetailerRecord { state, since: Timestamp::now() }))
    }

    fn keep(&mut self, store: &PlannedStore, state: StoreState) -> Result<(), LedgerError> {
        self.ledger.put(&store.id, Some(&Record { state, since: Timestamp::now() }))
    }

    fn check_stop(&self) -> Result<(), Halt> {
        if self.stop.is_cancelled() { Err(Halt::Interrupted) } else { Ok(()) }
    }

    /// Why nothing more is sent after a request that was not, as it says itself.
    fn halt(&self, reason: String) -> Halt {
        if self.stop.is_cancelled() { Halt::Interrupted } else { Halt::Service(reason) }
    }

    fn tell(&mut self, what: &str, told: &str) -> Result<(), Halt> {
        Ok(writeln!(self.out, "{}", fold(&format!("{what}: {told}"), 4)).and_then(|()| self.out.flush())?)
    }
}

/// The links that were sent, and of which nobody knows whether they were taken.
fn sent_before(before: Option<&RetailerRecord>) -> &[String] {
    match before.map(|record| &record.state) {
        Some(RetailerState::Sent(links)) => links.as_slice(),
        _ => &[],
    }
}

/// What a refusal says of a store in doubt, or that it is there already: nothing of the first request, of which nobody
/// knows. NewStore may say so because that one was done.
fn disputed(purchase: &Purchase, before: Option<&Record>, reason: &str) -> Option<StoreState> {
    let is_in_doubt = matches!(before, Some(Record { state: StoreState::Doubt(_), .. }));
    is_in_doubt.then(|| {
        let Purchase { number, enable, .. } = purchase;
        StoreState::Disputed(Intent { number: number.clone(), enable: *enable, reason: Some(reason.to_owned()) })
    })
}

/// What is told of a retailer that is configured already; `others` = the links that were sent before this one, and of
/// which nobody knows whether they were taken.
fn there(link: &str, others: &[&str], reason: &str) -> String {
    if others.is_empty() {
        return format!("configured already, not by us, as far as we know: {reason}");
    }
    // All of them were sent, and any may have been taken.
    let others = others.join(" or with ");
    format!("configured already, with {others} or with {link}: look in Omnichannel Manager ({reason})")
}
