//! Carrying a plan out: one request after the other, each on the disk before it is sent.

use std::io::{self, Write};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::LedgerError;
use super::plan::{BY_HAND, Op, Plan, PlannedStore, Purchase, declaration};
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
        let earlier = match before.map(|record| &record.state) {
            Some(RetailerState::Sent(earlier)) => Some(earlier.as_str()),
            _ => None,
        };
        let other = earlier.unwrap_or_default();
        let mut keep =
            |state: RetailerState| self.ledger.put_retailer(Some(&RetailerRecord { state, since: Timestamp::now() }));
        if earlier.is_none() {
            keep(RetailerState::Sent(link.to_owned()))?;
        }
        let told = match self.writer.configure(link).await {
            Sent::Done => {
                keep(RetailerState::Configured(link.to_owned()))?;
                applied.done += 1;
                format!("configured with {link}")
            }
            // Whoever sent it first and was not told what became of it has probably done it.
            Sent::There { may_be_ours, .. } if earlier.map_or(may_be_ours, |earlier| earlier == link) => {
                keep(RetailerState::Configured(link.to_owned()))?;
                applied.done += 1;
                format!("configured with {link}, by an earlier request of ours")
            }
            // Both were sent, and either may have been taken.
            Sent::There { reason, .. } if earlier.is_some() => {
                keep(RetailerState::There)?;
                format!("configured already, with {other} or with {link}: look in Omnichannel Manager ({reason})")
            }
            Sent::There { reason, .. } => {
                keep(RetailerState::There)?;
                format!("configured already, not by us, as far as we know: {reason}")
            }
            // Of the earlier request still nobody knows: NewStore may refuse this one because that one was done.
            Sent::Refused { reason } if earlier.is_some_and(|earlier| earlier != link) => {
                applied.in_doubt += 1;
                format!("refused: {reason}; IN DOUBT, whether {other} was taken: look in {BY_HAND}, and `settle` it")
            }
            Sent::Refused { reason } => {
                keep(RetailerState::Refused { link: link.to_owned(), reason: reason.clone() })?;
                applied.refused += 1;
                format!("refused: {reason}")
            }
            // The stores stand alone; the next plan sends it again, and takes a 409 for an answer to this one.
            Sent::Doubt { reason } => {
                applied.in_doubt += 1;
                format!("IN DOUBT, whether it is configured: {reason}; the next `apply` sends it again")
            }
            Sent::NotSent { reason } => {
                self.ledger.put_retailer(before)?;
                return Err(Halt::Service(format!("retailer: {reason}")));
            }
        };
        self.tell("retailer", &told)
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
                (self.refused(store, purchase, before, reason), told)
            }
            Sent::There { reason, .. } => {
                applied.refused += 1;
                let told = format!("there already, with which number isn't known: {reason}");
                (StoreState::There { sent: number.clone(), reason }, told)
            }
            Sent::Doubt { reason } => {
                applied.in_doubt += 1;
                let told = format!("IN DOUBT, whether it has {number}: {reason}; look at `newstore plan`");
                (doubt(Some(reason)), told)
            }
            Sent::NotSent { reason } => {
                // It is as it was: of an earlier request still nobody knows.
                self.ledger.put(&store.id, before)?;
                return Err(Halt::Service(format!("store {}: {reason}", store.id)));
            }
        };
        // Whoever can't remember it says it at least.
        let kept = self.keep(store, state);
        let lost = if kept.is_err() { "; this can't be written down, so `settle` it later" } else { "" };
        self.tell(&format!("store {}", store.id), &format!("{told}{lost}"))?;
        Ok(kept?)
    }

    /// A refusal says that nothing was bought, but not of an earlier request, of which nobody knows: NewStore may refuse
    /// this one because that one was done.
    fn refused(
        &self,
        store: &PlannedStore,
        purchase: &Purchase,
        before: Option<&Record>,
        reason: String,
    ) -> StoreState {
        if matches!(before, Some(Record { state: StoreState::Doubt(_), .. })) {
            let Purchase { number, enable, .. } = purchase;
            return StoreState::Disputed(Intent { number: number.clone(), enable: *enable, reason: Some(reason) });
        }
        let declared = self.settings.stores.iter().find(|declared| declared.id == store.id);
        StoreState::Refused { declaration: declared.map(declaration).unwrap_or_default(), reason }
    }

    fn keep(&mut self, store: &PlannedStore, state: StoreState) -> Result<(), LedgerError> {
        self.ledger.put(&store.id, Some(&Record { state, since: Timestamp::now() }))
    }

    fn check_stop(&self) -> Result<(), Halt> {
        if self.stop.is_cancelled() { Err(Halt::Interrupted) } else { Ok(()) }
    }

    fn tell(&mut self, what: &str, told: &str) -> Result<(), Halt> {
        Ok(writeln!(self.out, "{}", fold(&format!("{what}: {told}"), 4)).and_then(|()| self.out.flush())?)
    }
}
