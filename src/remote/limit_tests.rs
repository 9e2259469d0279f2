//! How a limit finds out what a service takes, against services that take so much and no more.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::{Instant, advance, sleep, sleep_until};

use super::adaptive::Adaptive;
use super::limit::{AtOnce, Ended, Limit, Terms};
use super::pace::Pace;

const SECOND: Duration = Duration::from_secs(1);

/// A service that takes so much and no more.
#[derive(Debug, Clone, Copy)]
struct Capacity {
    latency: Duration,
    /// Requests a second that it works on, one after the other; those that come faster wait.
    worked_off: Option<u32>,
    /// Requests in any second; it refuses those that are too many.
    taken: Option<usize>,
    /// Whether a refusal says how long there is no use in trying.
    says_when: bool,
}

#[derive(Debug, Default)]
struct Service {
    free_at: Option<Instant>,
    taken: VecDeque<Instant>,
}

/// What came of sending to a service for a while, in each second.
#[derive(Debug, Default, Clone)]
struct Second {
    answered: usize,
    refused: usize,
    most_under_way: usize,
}

impl Second {
    fn count(&mut self, is_taken: bool, under_way: usize) {
        self.answered += usize::from(is_taken);
        self.refused += usize::from(!is_taken);
        self.most_under_way = self.most_under_way.max(under_way);
    }
}

impl Capacity {
    async fn serve(self, service: &Mutex<Service>) -> bool {
        sleep(self.latency / 2).await;
        let now = Instant::now();
        let until = {
            let mut service = service.lock().expect("no panic");
            if let Some(most) = self.taken {
                while service.taken.front().is_some_and(|at| *at + SECOND <= now) {
                    service.taken.pop_front();
                }
                if service.taken.len() >= most {
                    return false;
                }
                service.taken.push_back(now);
            }
            let work = self.worked_off.map_or(Duration::ZERO, |rate| SECOND / rate);
            let until = service.free_at.map_or(now, |at| at.max(now)) + work;
            service.free_at = Some(until);
            until
        };
        sleep_until(until + self.latency / 2).await;
        true
    }
}

/// Sends without a pause for so many seconds.
async fn pushed(limit: &Arc<Limit>, capacity: Capacity, seconds: usize) -> Vec<Second> {
    let (service, told) = (Arc::new(Mutex::default()), Arc::new(Mutex::new(vec![Second::default(); seconds])));
    let (began, under_way) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let workers: Vec<_> = (0..64)
        .map(|_| {
            let (limit, service, told) = (Arc::clone(limit), Arc::clone(&service), Arc::clone(&told));
            let under_way = Arc::clone(&under_way);
            tokio::spawn(async move {
                while let Ok(permit) = limit.permit().await {
                    let now_under_way = under_way.fetch_add(1, Ordering::Relaxed) + 1;
                    let is_taken = capacity.serve(&service).await;
                    under_way.fetch_sub(1, Ordering::Relaxed);
                    if !is_taken && capacity.says_when {
                        limit.be_quiet_for(SECOND);
                    }
                    permit.ended(if is_taken { Ended::Answered } else { Ended::Refused });
                    let second = began.elapsed().as_secs() as usize;
                    if second >= seconds {
                        return;
                    }
                    told.lock().expect("no panic")[second].count(is_taken, now_under_way);
                    if !is_taken {
                        sleep(Duration::from_millis(250)).await;
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.expect("its end");
    }
    let told = told.lock().expect("no panic");
    told.clone()
}

/// How many were answered, and refused.
fn sums(told: &[Second]) -> (usize, usize) {
    told.iter().fold((0, 0), |(answered, refused), second| (answered + second.answered, refused + second.refused))
}

/// Holds the process up again and again for so long, as others do that use all processors: meanwhile nothing of it
/// moves, and then everything at once that was due.
fn starve(lasts: Duration, most: Duration) {
    let ends = Instant::now() + lasts;
    tokio::spawn(async move {
        for nth in (0..97 * 89).cycle() {
            sleep(most.mul_f64(f64::from(nth * 7_919 % 97) / 97.0)).await;
            if Instant::now() >= ends {
                break;
            }
            advance(most.mul_f64(f64::from(nth * 104_729 % 89) / 89.0)).await;
        }
    });
}

fn found() -> Arc<Limit> {
    let most = NonZeroUsize::new(64).expect("a number");
    Limit::of_terms(Terms { quota: None, at_once: AtOnce::Found(most) }).into()
}

const SETTLED: usize = 30;

#[tokio::test(start_paused = true)]
async fn nine_tenths_of_what_a_service_takes_are_found_out_and_then_nothing_is_refused() {
    for says_when in [true, false] {
        for latency in [1, 20, 200].map(Duration::from_millis) {
            for most in [5, 60, 200] {
                let capacity = Capacity { latency, worked_off: None, taken: Some(most), says_when };
                let told = pushed(&found(), capacity, 2 * SETTLED).await;
                let (answered, refused) = sums(&told[SETTLED..]);
                // Without a limit, so many would be answered at 64 at once.
                let best = (most as f64).min(64.0 / latency.as_secs_f64()) * SETTLED as f64;
                assert!(answered as f64 >= 0.9 * best, "{capacity:?}: {answered} of {best}");
                assert!(refused <= 1, "{capacity:?}: {refused}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_measured_while_the_process_was_held_up_is_soon_made_good() {
    for stall in [30, 100, 300].map(Duration::from_millis) {
        for latency in [1, 20, 200].map(Duration::from_millis) {
            for most in [5, 50, 200] {
                let capacity = Capacity { latency, worked_off: None, taken: Some(most), says_when: true };
                starve(20 * SECOND, stall);
                let told = pushed(&found(), capacity, 2 * SETTLED).await;
                let (answered, refused) = sums(&told[SETTLED..]);
                let best = (most as f64).min(64.0 / latency.as_secs_f64()) * SETTLED as f64;
                assert!(answered as f64 >= 0.9 * best, "{stall:?} {capacity:?}: {answered} of {best}");
                assert!(refused <= 2, "{stall:?} {capacity:?}: {refused}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_lets_requests_wait_gets_as_many_at_once_as_it_works_on() {
    for latency in [1, 20, 200].map(Duration::from_millis) {
        for rate in [5, 40, 200] {
            let capacity = Capacity { latency, worked_off: Some(rate), taken: None, says_when: false };
            let told = pushed(&found(), capacity, 6 * SETTLED).await;
            let settled = &told[5 * SETTLED..];
            let (answered, _) = sums(settled);
            let best = f64::from(rate).min(64.0 / latency.as_secs_f64()) * SETTLED as f64;
            let most = settled.iter().map(|second| second.most_under_way).max().unwrap_or_default();
            assert!(answered as f64 >= 0.9 * best, "{capacity:?}: {answered} of {best}");
            let enough = (f64::from(rate) * latency.as_secs_f64()).ceil() as usize;
            assert!(most <= 64.min(2 * enough + 6), "{capacity:?}: {most} at once, {enough} do");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_gets_slower_is_sent_less_at_once() {
    let limit = found();
    let of = |rate| Capacity { latency: SECOND / 5, worked_off: Some(rate), taken: None, says_when: false };
    pushed(&limit, of(200), 2 * SETTLED).await;
    let before = limit.found_at_once().expect("it is found out");
    pushed(&limit, of(20), 4 * SETTLED).await;
    let after = limit.found_at_once().expect("it is found out");
    assert!((30..=64).contains(&before) && after <= before / 3, "{before} {after}");
}

#[tokio::test(start_paused = true)]
async fn what_was_found_is_taken_over_once() {
    let limit = found();
    limit.begin_with(23);
    assert_eq!(limit.at_once(), Some(23));
    limit.begin_with(1_000);
    assert_eq!(limit.at_once(), Some(23), "something is known already");
    let limit = found();
    limit.begin_with(1_000);
    assert_eq!(limit.at_once(), Some(64), "never more");
    let at_once = AtOnce::Fixed(NonZeroUsize::MIN);
    let fixed = Limit::of_terms(Terms { quota: None, at_once });
    fixed.begin_with(23);
    assert_eq!((fixed.at_once(), fixed.found_at_once()), (Some(1), None));
}

#[tokio::test(start_paused = true)]
async fn time_outs_halve_what_is_sent_at_once() {
    let limit = found();
    let all = futures_util::future::join_all((0..8).map(|_| limit.permit())).await;
    for permit in all {
        permit.expect("a permit").ended(Ended::Overloaded);
    }
    assert_eq!(limit.at_once(), Some(4), "once for all that were under way");
    limit.permit().await.expect("a permit").ended(Ended::Overloaded);
    assert_eq!(limit.at_once(), Some(2));
    limit.permit().await.expect("a permit").ended(Ended::Untold);
    assert_eq!(limit.at_once(), Some(2));
}

proptest! {
    /// Whatever comes back, and when.
    #[test]
    fn there_are_never_fewer_than_one_at_once_nor_more_than_the_most(
        most in 1_usize..80,
        ends in prop::collection::vec((0_u8..4, 0_u64..400), 1..400),
    ) {
        let mut adaptive = Adaptive::new(most);
        let mut pace = Pace::default();
        let mut now = Instant::now();
        for (end, took) in ends {
            let until = pace.until(now).unwrap_or(now);
            prop_assert!(until <= now + 2 * SECOND);
            now = until;
            let sent = adaptive.sent(now);
            pace.sent(now);
            now += Duration::from_millis(took);
            match end {
                0 => adaptive.overloaded(sent),
                1 => pace.refused(sent.at),
                _ => {
                    adaptive.answered(now, sent);
                    pace.taken(sent.at);
                }
            }
            if let Some(per_second) = pace.soon() {
                adaptive.fits(per_second);
            }
            prop_assert!((1..=most).contains(&adaptive.at_once()));
        }
    }
}
