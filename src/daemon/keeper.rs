//! A shop that the daemon looks after: its systems, their jobs, and the listener that shows it all.

use std::sync::Arc;

use futures_util::future::{join_all, select_all};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::boards::{Boards, News};
use super::listener::Listener;
use super::runner::Runner;
use super::schedule::{ScheduleError, Timers};
use super::status_line::StatusLine;
use crate::approval;
use crate::config::Config;
use crate::pass::PassKind;
use crate::pause::Pause;
use crate::shop::Shop;
use crate::state::Reader;
use crate::systems::{System, systems};
use crate::web::listener::ListenError;
use crate::web::private::{self as monitor, Monitor};

/// See the module.
pub(super) struct Keeper {
    shop: Shop,
    systems: Arc<[Box<dyn System>]>,
    /// As many as there are systems, in the same order.
    runners: Vec<Runner>,
    monitor: Monitor,
    boards: Boards,
    /// Somebody's word that nothing is to be sent.
    pause: Option<Pause>,
    listener: Option<Listener>,
    /// Listeners of earlier settings that a pass under way may still need.
    retired: Vec<Listener>,
}

/// What happens in a shop.
enum Turn {
    /// A job is due, or its pass has ended.
    Pass {
        has_ended: bool,
    },
    News(News),
}

impl Keeper {
    /// Looks after a shop from now on: the first passes are due at once.
    pub(super) async fn new(
        shop: Shop,
        force_first: bool,
        line: &StatusLine,
        timers: &Timers,
    ) -> anyhow::Result<Keeper> {
        let systems: Arc<[Box<dyn System>]> = systems().into();
        let monitor = Monitor::new(Arc::clone(&shop.config), Arc::clone(&systems));
        let runners = systems.iter().map(|_| Runner::new(force_first, line.part(), monitor.clone())).collect();
        let pause = Pause::in_force(shop.state.path());
        if let Some(pause) = &pause {
            info!("{}: nothing is sent", pause.words());
        }
        monitor.paused(pause.clone());
        let boards = Boards::watch(shop.state.path(), pause.clone());
        let (listener, retired) = (None, Vec::new());
        let mut keeper = Keeper { shop, systems, runners, monitor, boards, pause, listener, retired };
        // Who asks before the first pass is told that there was none.
        keeper.assign(timers).await?;
        keeper.listener = keeper.listen(&Arc::clone(&keeper.shop.config)).await?;
        Ok(keeper)
    }

    /// The settings that hold.
    pub(super) fn config(&self) -> &Config {
        &self.shop.config
    }

    /// Gives every runner the job that the settings want.
    async fn assign(&mut self, timers: &Timers) -> Result<(), ScheduleError> {
        let is_served = self.shop.config.http.is_some();
        let jobs: Vec<_> = self.systems.iter().map(|system| system.job(&self.shop, is_served)).collect();
        self.monitor.expect(Arc::clone(&self.shop.config), jobs.iter().flatten().map(|job| &**job));
        for (runner, job) in self.runners.iter_mut().zip(jobs) {
            runner.assign(job, &self.shop, timers).await?;
        }
        Ok(())
    }

    /// Opens the listener that the settings want, if any, and serves all that there is to show.
    async fn listen(&self, config: &Config) -> Result<Option<Listener>, ListenError> {
        let Some(http) = &config.http else { return Ok(None) };
        let routes = monitor::routes(self.monitor.clone());
        let routes = self.systems.iter().fold(routes, |routes, system| routes.merge(system.routes()));
        Listener::open(http.listen, routes).await.map(Some)
    }

    /// A pass of every job is due now.
    pub(super) fn wants(&mut self, kind: PassKind) {
        self.runners.iter_mut().for_each(|runner| runner.wants(kind));
    }

    /// Begins the passes that are due.
    pub(super) fn begin(&mut self, stop: &CancellationToken) {
        self.runners.iter_mut().for_each(|runner| runner.begin(&self.shop, stop));
    }

    /// Waits until a job is due, or a pass has ended. Nothing is lost when it is not waited for to the end.
    pub(super) async fn turn(&mut self) {
        let turns = self.runners.iter_mut().map(|runner| Box::pin(runner.turn()));
        let turn = tokio::select! {
            (has_ended, ..) = select_all(turns) => Turn::Pass { has_ended },
            news = self.boards.next() => Turn::News(news),
        };
        match turn {
            Turn::Pass { has_ended: true } if !self.runners.iter().any(Runner::is_busy) => self.retired.clear(),
            Turn::Pass { .. } => {}
            Turn::News(News::Pause(pause)) => self.pause_changed(pause),
            Turn::News(News::Hung(name)) => self.board_changed(name),
        }
    }

    /// Somebody has stopped the sending, or it goes on: at once, also for the passes under way.
    fn pause_changed(&mut self, pause: Option<Pause>) {
        match (&self.pause, &pause) {
            (None, Some(pause)) => {
                info!("{}: nothing is sent", pause.words());
                self.runners.iter_mut().for_each(Runner::interrupt);
            }
            (Some(_), Some(pause)) => info!("{}: nothing is sent", pause.words()),
            (_, None) => {
                info!("the pause is over; a pass is made now");
                self.runners.iter_mut().for_each(Runner::resume);
            }
        }
        self.monitor.paused(pause.clone());
        self.pause = pause;
    }

    /// A notice was hung up beside the state.
    fn board_changed(&mut self, name: &str) {
        if name == approval::NAME {
            self.wants(PassKind::Sync);
        }
    }

    /// Takes over new settings, or says what is wrong with them and keeps the old ones. A pass under way ends as it
    /// began.
    pub(super) async fn reload(&mut self, config: Config, timers: &Timers) -> anyhow::Result<()> {
        if config.state.path != self.shop.config.state.path {
            anyhow::bail!("state.path can't change while the daemon runs; restart it");
        }
        Reader::open(&config.state.path)?.check_base(config.base_url())?;
        // The old listener stays until nothing can go wrong any more.
        let old = self.listener.as_ref().map(Listener::wanted);
        let moves = old != config.http.as_ref().map(|http| http.listen);
        let listener = if moves { self.listen(&config).await } else { Ok(None) };
        let listener = listener.map_err(|error| match old {
            Some(old) if old.port() == error.address.port() => {
                anyhow::Error::new(error).context("another address at the same port may need a restart")
            }
            _ => error.into(),
        })?;
        config.warnings().iter().for_each(|warning| warn!("{warning}"));
        if moves {
            // A pass under way ends as it began: NiceChat may be fetching its feed from there.
            let is_busy = self.runners.iter().any(Runner::is_busy);
            self.retired.extend(std::mem::replace(&mut self.listener, listener).filter(|_| is_busy));
        }
        let before = std::mem::replace(&mut self.shop.config, Arc::new(config));
        if let Err(error) = self.assign(timers).await {
            self.shop.config = before;
            self.assign(timers).await?;
            return Err(error.into());
        }
        Ok(())
    }

    /// Waits for the passes under way.
    pub(super) async fn stop(self) {
        let listener = async {
            if let Some(listener) = self.listener {
                listener.close().await;
            }
        };
        tokio::join!(join_all(self.runners.into_iter().map(Runner::stop)), listener);
    }
}
