//! One loop: ticks and signals in, passes out, never two at once.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::events::EventsJob;
use super::listener::Listener;
use super::pass_log::{Failing, PassLog};
use super::schedule::{ScheduleError, Timer, Timers, tick};
use super::status_line::StatusLine;
use super::{Running, on_its_own, running};
use crate::config::{Config, ConfigError};
use crate::pass::PassKind;
use crate::report;
use crate::shop::Shop;
use crate::state::Reader;
use crate::systemd;
use crate::systems::catalog::{self as sync, Exchange, Report, Step};
use crate::systems::events as lagerkoll;
use crate::web::listener::ListenError;
use crate::web::private::{self as monitor, Monitor};

/// How long a pass may take to stop: all in all we are gone within five seconds.
const STOP_WITHIN: Duration = Duration::from_millis(4500);

/// Runs until SIGTERM or SIGINT. `reload` reads the settings again.
///
/// # Errors
/// When signals, timers or the listener can't be had: nothing that a pass meets ends the daemon.
pub async fn daemon(
    shop: Shop,
    force_first: bool,
    reload: &(dyn Fn() -> Result<Config, ConfigError> + Sync),
) -> anyhow::Result<()> {
    let mut signals = Signals::new().context("signals can't be received")?;
    let mut daemon = Daemon::new(shop, force_first).await?;
    let mut watchdog = watchdog();
    systemd::ready();
    match &daemon.shop.config.catalog {
        Some(catalog) => info!(feed = %catalog.source.location, "shelfkeeper is up"),
        None => info!("shelfkeeper is up"),
    }
    loop {
        daemon.begin_pass();
        daemon.events.begin(&daemon.shop, &daemon.stop);
        tokio::select! {
            biased;
            _ = signals.terminate.recv() => break,
            _ = signals.interrupt.recv() => break,
            () = beat(watchdog.as_mut()) => systemd::watchdog(),
            _ = signals.reload.recv() => daemon.reload(reload).await,
            _ = signals.resync.recv() => {
                daemon.wants_resync = true;
                daemon.events.wants(PassKind::Resync);
            }
            () = tick(daemon.timer.as_mut()) => daemon.wants_sync = true,
            () = tick(daemon.resync_timer.as_mut()) => {
                daemon.wants_resync = true;
                daemon.events.wants(PassKind::Resync);
            }
            report = running(daemon.pass.as_mut()) => daemon.pass_ended(&report),
            () = daemon.events.turn() => {}
        }
    }
    systemd::stopping();
    daemon.stop(&mut signals).await;
    Ok(())
}

struct Daemon {
    shop: Shop,
    timers: Timers,
    timer: Option<Timer>,
    resync_timer: Option<Timer>,
    wants_sync: bool,
    wants_resync: bool,
    force_next: bool,
    pass: Option<Running<Report>>,
    stop: CancellationToken,
    log: PassLog,
    line: StatusLine,
    events: EventsJob,
    monitor: Monitor,
    listener: Option<Listener>,
    /// Listeners of earlier settings that the pass under way may still need.
    retired: Vec<Listener>,
}

impl Daemon {
    /// The first pass is due at once: whatever was left undone has waited long enough.
    async fn new(shop: Shop, force_next: bool) -> anyhow::Result<Daemon> {
        let monitor = Monitor::new(&shop.config);
        let listener = listen(&shop.config, &monitor, &shop.exchange).await?;
        let log = PassLog::new(&shop.config.state.path, Failing::Warning);
        let line = StatusLine::default();
        let events = EventsJob::new(force_next, monitor.clone(), line.clone());
        let mut daemon = Daemon {
            shop,
            timers: Timers::default(),
            timer: None,
            resync_timer: None,
            wants_sync: true,
            wants_resync: false,
            force_next,
            pass: None,
            stop: CancellationToken::new(),
            log,
            line,
            events,
            monitor,
            listener,
            retired: Vec::new(),
        };
        daemon.set_timers(&Arc::clone(&daemon.shop.config)).await?;
        Ok(daemon)
    }

    /// Has every job tick as these settings say.
    async fn set_timers(&mut self, config: &Config) -> Result<(), ScheduleError> {
        let source = config.catalog.as_ref().map(|catalog| &catalog.source);
        let sync = source.map(|source| (&source.schedule, source.delay(&source.schedule)));
        let resync = source.and_then(|source| {
            let schedule = source.resync_schedule.as_ref()?;
            Some((schedule, source.delay(schedule)))
        });
        self.timers.timer(&mut self.timer, sync).await?;
        self.timers.timer(&mut self.resync_timer, resync).await?;
        let events = config.lagerkoll.as_ref().map(|settings| (&settings.schedule, Duration::ZERO));
        self.timers.timer(self.events.timer(), events).await
    }

    /// Begins a pass if one is due and none is under way. A resync does what a sync would.
    fn begin_pass(&mut self) {
        if self.pass.is_some() || !(self.wants_sync || self.wants_resync) {
            return;
        }
        let kind = if self.wants_resync { PassKind::Resync } else { PassKind::Sync };
        (self.wants_sync, self.wants_resync) = (false, false);
        let force = std::mem::take(&mut self.force_next);
        let Some(context) = self.shop.catalog(self.listener.is_some()) else { return };
        let stop = self.stop.clone();
        self.line.catalog(&format!("{} under way", kind.name()));
        let line = self.line.clone();
        let pass = async move {
            let progress = |step| {
                let is_news = !matches!(step, Step::Sending { done, of } if done % 100 != 0 && done != of);
                if is_news {
                    line.catalog(&format!("{}: {}", kind.name(), report::progress_words(step)));
                }
            };
            sync::run(&context, kind, force, &stop, &progress).await
        };
        self.pass = Some(on_its_own(pass));
    }

    fn pass_ended(&mut self, report: &Report) {
        self.pass = None;
        self.retired.clear();
        self.log.tell(report);
        self.monitor.record(report);
        self.line.catalog(&format!("idle; last {}", report::pass_headline(report)));
    }

    /// Takes over new settings, or says what is wrong with them and keeps the old ones. A pass
    /// under way ends as it began.
    async fn reload(&mut self, read: &(dyn Fn() -> Result<Config, ConfigError> + Sync)) {
        systemd::reloading();
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
        systemd::ready();
    }

    async fn try_reload(&mut self, read: &(dyn Fn() -> Result<Config, ConfigError> + Sync)) -> anyhow::Result<()> {
        let config = read().map_err(|error| anyhow::anyhow!(error.brief()))?;
        if config.state.path != self.shop.config.state.path {
            anyhow::bail!("state.path can't change while the daemon runs; restart it");
        }
        Reader::open(&config.state.path)?.check_base(config.base_url())?;
        // The old listener stays until nothing can go wrong any more.
        let old = self.listener.as_ref().map(Listener::wanted);
        let moves = old != config.http.as_ref().map(|http| http.listen);
        let listener = if moves { listen(&config, &self.monitor, &self.shop.exchange).await } else { Ok(None) };
        let listener = listener.map_err(|error| match old {
            Some(old) if old.port() == error.address.port() => {
                anyhow::Error::new(error).context("another address at the same port may need a restart")
            }
            _ => error.into(),
        })?;
        config.warnings().iter().for_each(|warning| warn!("{warning}"));
        self.set_timers(&config).await?;
        if config.lagerkoll.is_none() {
            self.line.events(None);
        }
        self.wants_sync |= config.catalog.is_some() && self.shop.config.catalog.is_none();
        if mirror(&config).is_some() && mirror(&config) != mirror(&self.shop.config) {
            // There is something else to mirror than before.
            self.events.wants(PassKind::Sync);
        }
        if moves {
            // A pass under way ends as it began: NiceChat may be fetching its feed from there.
            self.retired.extend(std::mem::replace(&mut self.listener, listener).filter(|_| self.pass.is_some()));
        }
        self.monitor.reloaded(&config);
        self.shop.config = Arc::new(config);
        Ok(())
    }

    async fn stop(mut self, signals: &mut Signals) {
        info!("stopping");
        self.stop.cancel();
        let (log, events) = (&mut self.log, self.events);
        let catalog = async {
            if let Some(pass) = self.pass {
                log.tell(&pass.await);
            }
        };
        let passes = async { tokio::join!(catalog, events.stop()) };
        let listener = async {
            if let Some(listener) = self.listener {
                listener.close().await;
            }
        };
        let passes = async {
            tokio::select! {
                ended = timeout(STOP_WITHIN, passes) => if ended.is_err() {
                    warn!("the pass does not end; what was acknowledged is in the state");
                },
                // Told twice.
                () = signals.stop() => {}
            }
        };
        tokio::join!(passes, listener);
    }
}

/// What is mirrored of Lagerkoll.
fn mirror(config: &Config) -> Option<String> {
    config.lagerkoll.as_ref().map(lagerkoll::place)
}

/// Opens the listener that the settings want, if any, and serves all that we show.
async fn listen(config: &Config, monitor: &Monitor, exchange: &Exchange) -> Result<Option<Listener>, ListenError> {
    let Some(http) = &config.http else { return Ok(None) };
    Listener::open(http.listen, monitor::routes(monitor.clone()).merge(exchange.routes())).await.map(Some)
}

fn watchdog() -> Option<Interval> {
    systemd::watchdog_interval().map(|every| {
        let mut beats = interval(every);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beats
    })
}

async fn beat(watchdog: Option<&mut Interval>) {
    match watchdog {
        Some(beats) => _ = beats.tick().await,
        None => std::future::pending().await,
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    reload: Signal,
    resync: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            reload: signal(SignalKind::hangup())?,
            resync: signal(SignalKind::user_defined1())?,
        })
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
