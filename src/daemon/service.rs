//! One loop: ticks and signals in, passes out.

use std::time::Duration;

use anyhow::Context as _;
use futures_util::future::{join_all, select_all};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::keeper::Keeper;
use super::schedule::Timers;
use super::signals::{Signals, Told, Watchdog};
use super::status_line::StatusLine;
use crate::config::{Config, ConfigError};
use crate::pass::PassKind;
use crate::shop::Shop;
use crate::systemd::Manager;

/// How long a pass may take to stop: all in all we are gone within five seconds.
const STOP_WITHIN: Duration = Duration::from_millis(4500);

/// Reads the settings again.
pub(crate) type Reload<'a> = &'a (dyn Fn() -> Result<Config, ConfigError> + Sync);

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// When signals, timers or the listener can't be had: nothing that a pass meets ends the daemon.
pub async fn daemon(shop: Shop, force_first: bool, reload: Reload<'_>) -> anyhow::Result<()> {
    let mut signals = Signals::new().context("signals can't be received")?;
    let manager = Manager::of_process();
    let (line, timers, stop) = (StatusLine::new(manager.clone()), Timers::default(), CancellationToken::new());
    let keepers = vec![Keeper::new(shop, force_first, &line, &timers).await?];
    let mut daemon = Daemon { keepers, line, manager, stop };
    let mut watchdog = Watchdog::new();
    daemon.manager.ready();
    for keeper in &daemon.keepers {
        match &keeper.config().catalog {
            Some(catalog) => info!(feed = %catalog.source.location, "shelfkeeper is up"),
            None => info!("shelfkeeper is up"),
        }
    }
    loop {
        for keeper in &mut daemon.keepers {
            keeper.knock().await;
            keeper.begin(&daemon.stop);
        }
        tokio::select! {
            biased;
            told = signals.next() => match told {
                Told::Stop => break,
                Told::Reload => daemon.reload(reload).await,
                Told::Resync => daemon.keepers.iter_mut().for_each(|keeper| keeper.wants(PassKind::Resync)),
            },
            () = watchdog.beat() => daemon.manager.watchdog(),
            () = turn(&mut daemon.keepers) => {}
        }
    }
    daemon.manager.stopping();
    daemon.stop(&mut signals).await;
    Ok(())
}

struct Daemon {
    /// The shops that are looked after. One process has one, so far.
    keepers: Vec<Keeper>,
    line: StatusLine,
    manager: Manager,
    stop: CancellationToken,
}

/// Waits until something happens in a shop.
async fn turn(keepers: &mut [Keeper]) {
    select_all(keepers.iter_mut().map(|keeper| Box::pin(keeper.turn()))).await;
}

impl Daemon {
    async fn reload(&mut self, read: Reload<'_>) {
        self.manager.reloading();
        match self.try_reload(read).await {
            Ok(()) => {
                self.line.refused_config(None);
                info!("the config was read again and holds from the next pass on");
            }
            Err(error) => {
                self.line.refused_config(Some(format!("{error:#}")));
                error!("New config not used, the old one stays: {error:#}");
            }
        }
        self.manager.ready();
    }

    async fn try_reload(&mut self, read: Reload<'_>) -> anyhow::Result<()> {
        for keeper in &mut self.keepers {
            let config = read().map_err(|error| anyhow::anyhow!(error.brief()))?;
            keeper.reload(config).await?;
        }
        Ok(())
    }

    async fn stop(self, signals: &mut Signals) {
        info!("stopping");
        self.stop.cancel();
        let passes = join_all(self.keepers.into_iter().map(Keeper::stop));
        tokio::select! {
            ended = timeout(STOP_WITHIN, passes) => if ended.is_err() {
                warn!("the pass does not end; what was acknowledged is in the state");
            },
            // Told twice.
            () = signals.stop() => {}
        }
    }
}
