//! A shop that the daemon looks after: its systems, their jobs, and the listener that shows it all.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use futures_util::future::{join_all, select_all};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::boards::{Boards, News};
use super::listener::{Bound, Door, Listener};
use super::runner::Runner;
use super::schedule::{ScheduleError, Timers};
use super::shut::Shut;
use super::status_line::StatusLine;
use super::watcher::Watcher;
use crate::approval;
use crate::config::Config;
use crate::heartbeat::Heart;
use crate::pass::{Job, PassKind};
use crate::pause::Pause;
use crate::shop::Shop;
use crate::state::Reader;
use crate::systems::{System, nothing_to_do, systems};
use crate::web::listener::ListenError;
use crate::web::private::{self as monitor, Monitor};
use crate::web::public::PublicDoor;

/// See the module.
pub(super) struct Keeper {
    shop: Shop,
    systems: Arc<[Box<dyn System>]>,
    /// As many as there are systems, in the same order.
    runners: Vec<Runner>,
    monitor: Monitor,
    boards: Boards,
    watcher: Watcher,
    heart: Heart,
    /// Somebody's word that nothing is to be sent.
    pause: Option<Pause>,
    /// Who calls at the public door.
    public: PublicDoor,
    listeners: Listeners,
    /// Doors that are wanted, and can't be opened yet.
    shut: Shut,
    /// One of them that is to be tried again.
    due_door: Option<Door>,
    timers: Timers,
    line: StatusLine,
    /// Public doors of earlier settings that a pass under way may still need.
    retired: Vec<Listener>,
}

/// The doors that are open.
#[derive(Default)]
struct Listeners {
    private: Option<Listener>,
    public: Option<Listener>,
}

impl Listeners {
    fn at(&mut self, door: Door) -> &mut Option<Listener> {
        match door {
            Door::Private => &mut self.private,
            Door::Public => &mut self.public,
        }
    }
}

/// What happens in a shop.
enum Turn {
    /// A job is due, or its pass has ended.
    Pass {
        has_ended: bool,
    },
    News(News),
    /// Somebody has called `POST /sync`, or asked for a resync on a page.
    Asked(PassKind),
    /// A door that couldn't be opened is to be tried again.
    Shut(Door),
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
        let monitor = Monitor::new(&shop, Arc::clone(&systems));
        let passed = Arc::<Notify>::default();
        let heart = Heart::new(shop.limits.clients().clone());
        let runner = |_| Runner::new(force_first, line.part(), monitor.clone(), heart.clone(), Arc::clone(&passed));
        let runners = systems.iter().map(runner).collect();
        let watcher = Watcher::start(&shop, passed);
        let pause = Pause::in_force(shop.state.path());
        if let Some(pause) = &pause {
            info!("{}: nothing is sent", pause.words());
        }
        monitor.paused(pause.clone());
        let boards = Boards::watch(shop.state.path(), pause.clone());
        let (public, listeners, retired) = (PublicDoor::default(), Listeners::default(), Vec::new());
        let (shut, timers, line) = (Shut::default(), timers.clone(), line.clone());
        let mut keeper = Keeper {
            shop,
            systems,
            runners,
            monitor,
            boards,
            watcher,
            heart,
            pause,
            public,
            listeners,
            shut,
            due_door: None,
            timers,
            line,
            retired,
        };
        // Who asks before the first pass is told that there was none.
        keeper.assign().await?;
        let config = Arc::clone(&keeper.shop.config);
        keeper.public.expect(config.http.as_ref());
        for door in [Door::Private, Door::Public] {
            match keeper.listen(door, &config).await {
                Ok(listener) => *keeper.listeners.at(door) = listener,
                // Nobody who only wants to look, or to call, keeps a shop from being synced.
                Err(error) => {
                    error!("{error}. It is tried again until it can; all else goes on meanwhile");
                    keeper.is_shut(door, error.address);
                }
            }
        }
        if keeper.shut.has(Door::Public) {
            keeper.assign().await?;
        }
        Ok(keeper)
    }

    /// A door can't be opened: it is tried again later.
    fn is_shut(&mut self, door: Door, address: SocketAddr) {
        self.shut.note(door, address);
        self.line.shut_doors(self.shut.words());
    }

    /// Tries a door again that couldn't be opened, if one is due. Whoever needs it is told that it is open.
    pub(super) async fn knock(&mut self) {
        let Some(door) = self.due_door.take() else { return };
        let config = Arc::clone(&self.shop.config);
        match self.listen(door, &config).await {
            Err(error) => {
                debug!("{error}");
                return self.is_shut(door, error.address);
            }
            Ok(listener) => *self.listeners.at(door) = listener,
        }
        self.shut.forget(door);
        self.line.shut_doors(self.shut.words());
        if let Err(error) = self.assign().await {
            error!("{error}");
        }
    }

    /// The settings that hold.
    pub(super) fn config(&self) -> &Config {
        &self.shop.config
    }

    /// Gives every runner the job that the settings want.
    async fn assign(&mut self) -> Result<(), ScheduleError> {
        let is_served = Door::Public.address(self.shop.config.http.as_ref()).is_some() && !self.shut.has(Door::Public);
        let jobs = self.systems.iter().map(|system| system.job(&self.shop, is_served).map(Arc::from));
        let jobs: Vec<Option<Arc<dyn Job>>> = jobs.collect();
        if jobs.iter().all(Option::is_none) {
            warn!("{}", nothing_to_do(&self.systems, &self.shop.config));
        }
        self.monitor.expect(Arc::clone(&self.shop.config), jobs.iter().flatten().map(|job| &**job));
        let heartbeat = self.shop.config.notify.heartbeat.clone();
        self.heart.expect(heartbeat, jobs.iter().flatten().map(|job| &**job), self.shop.state.path());
        self.watcher.expect(self.shop.audience(), jobs.iter().flatten().cloned().collect());
        for (runner, job) in self.runners.iter_mut().zip(jobs) {
            runner.assign(job, &self.shop, &self.timers).await?;
        }
        Ok(())
    }

    /// Opens a door that the settings want, if they do.
    async fn listen(&self, door: Door, config: &Config) -> Result<Option<Listener>, ListenError> {
        Ok(Bound::at(door, config.http.as_ref()).await?.map(|bound| self.serve(bound)))
    }

    /// Serves all that there is behind a door.
    fn serve(&self, bound: Bound) -> Listener {
        let routes = match bound.door {
            Door::Private => monitor::routes(self.monitor.clone(), bound.wanted),
            Door::Public => {
                let routes = self.systems.iter().map(|system| system.routes());
                self.public.guard(routes.fold(Router::new(), Router::merge))
            }
        };
        bound.serve(routes)
    }

    /// The doors that new settings want elsewhere. Who calls there waits, and the old ones stay, until nothing can go
    /// wrong any more.
    async fn bind_anew(&mut self, config: &Config) -> anyhow::Result<Vec<(Door, Option<Bound>)>> {
        let mut moved = Vec::new();
        for door in [Door::Private, Door::Public] {
            let old = self.listeners.at(door).as_ref().map(Listener::wanted);
            let wanted = door.address(config.http.as_ref());
            if old == wanted || self.shut.is_at(door, wanted) {
                continue;
            }
            if self.retired_at(door, wanted).is_some() {
                moved.push((door, None));
                continue;
            }
            let bound = Bound::at(door, config.http.as_ref()).await.map_err(|error| match old {
                Some(old) if old.port() == error.address.port() => {
                    anyhow::Error::new(error).context("another address at the same port may need a restart")
                }
                _ => error.into(),
            })?;
            moved.push((door, bound));
        }
        Ok(moved)
    }

    /// Which of the retired ones is still open where this door is wanted again.
    fn retired_at(&self, door: Door, wanted: Option<SocketAddr>) -> Option<usize> {
        self.retired.iter().position(|old| door == Door::Public && Some(old.wanted()) == wanted)
    }

    /// Puts the doors of the settings that hold now in the place of those before. A pass under way ends as it began:
    /// NiceChat may be fetching its feed at the public one.
    fn move_doors(&mut self, moved: Vec<(Door, Option<Bound>)>) {
        let is_busy = self.runners.iter().any(Runner::is_busy);
        for (door, bound) in moved {
            let back = self.retired_at(door, door.address(self.shop.config.http.as_ref()));
            let listener = bound.map(|bound| self.serve(bound));
            let listener = listener.or_else(|| back.map(|at| self.retired.swap_remove(at)));
            let old = std::mem::replace(self.listeners.at(door), listener);
            self.retired.extend(old.filter(|_| is_busy && door == Door::Public));
        }
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
            kind = self.monitor.asked() => Turn::Asked(kind),
            door = self.shut.due() => Turn::Shut(door),
        };
        match turn {
            Turn::Pass { has_ended: true } if !self.runners.iter().any(Runner::is_busy) => self.retired.clear(),
            Turn::Pass { .. } => {}
            Turn::Asked(PassKind::Resync) => self.wants(PassKind::Resync),
            Turn::Asked(PassKind::Sync) => {
                self.runners.iter_mut().filter(|runner| runner.reads_feed()).for_each(|r| r.wants(PassKind::Sync));
            }
            // What is begun here may be left undone.
            Turn::Shut(door) => self.due_door = Some(door),
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
        if approval::NAMES.contains(&name) {
            self.wants(PassKind::Sync);
        }
    }

    /// Takes over new settings, or says what is wrong with them and keeps the old ones. A pass under way ends as it
    /// began.
    pub(super) async fn reload(&mut self, config: Config) -> anyhow::Result<()> {
        if config.state.path != self.shop.config.state.path {
            anyhow::bail!("state.path can't change while the daemon runs; restart it");
        }
        Reader::open(&config.state.path)?.check_base(config.base_url())?;
        let config = Arc::new(config);
        let moved = self.prepare(&config).await?;
        config.warnings().iter().for_each(|warning| warn!("{warning}"));
        self.public.expect(config.http.as_ref());
        self.shut.expect(config.http.as_ref());
        self.line.shut_doors(self.shut.words());
        // What the machine trusts may be another than before, too.
        self.shop.limits.clients().renew();
        let before = std::mem::replace(&mut self.shop.config, config);
        if let Err(error) = self.assign().await {
            self.shop.config = before;
            self.assign().await?;
            return Err(error.into());
        }
        self.move_doors(moved);
        Ok(())
    }

    /// What may go wrong with new settings: the doors that they want elsewhere, and whose the state is by them.
    async fn prepare(&mut self, config: &Config) -> anyhow::Result<Vec<(Door, Option<Bound>)>> {
        let moved = self.bind_anew(config).await?;
        if let Some(base_url) = config.base_url() {
            self.shop.state.claim(base_url.to_owned()).await?;
        }
        Ok(moved)
    }

    /// Waits for the passes under way.
    pub(super) async fn stop(self) {
        let Listeners { private, public } = self.listeners;
        let listeners = join_all([private, public].into_iter().flatten().map(Listener::close));
        let runners = join_all(self.runners.into_iter().map(Runner::stop));
        tokio::join!(runners, listeners, self.watcher.stop());
    }
}
