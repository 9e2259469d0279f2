//! The client keeps within the limit by itself: the service never has to refuse it.

use std::time::Duration;

use crate::kit::events::shop;
use sandbox::LagerkollRules;
use shelfkeeper::config::Config;
use shelfkeeper::remote::lagerkoll::connect;
use shelfkeeper::remote::{Limits, Quota};
use tokio::runtime::Runtime;

const MOST: usize = 5;
const WINDOW: Duration = Duration::from_millis(300);

#[test]
fn nobody_is_refused_who_keeps_the_limit() {
    let shop = shop("");
    let latency = Duration::from_millis(20);
    shop.lagerkoll().set_rules(LagerkollRules { limit: MOST, window: WINDOW, latency, ..LagerkollRules::default() });
    let config = Config::load(&shop.path("shelfkeeper.toml")).expect("a config");
    let settings = config.lagerkoll.expect("a section");
    let limits = Limits::default();
    // Whoever asks first for a host's limit says what it is.
    limits.of_host(&settings.base_url, Quota { most: MOST, window: WINDOW });
    let runtime = Runtime::new().expect("a runtime");
    // Connections of their own, as two jobs or two passes have them.
    let jobs: Vec<_> = (0..4)
        .map(|_| {
            let lagerkoll = connect(&settings, &settings.account, &limits).expect("a connection");
            runtime.spawn(async move {
                for _ in 0..5 {
                    lagerkoll.reader().list().await.expect("a listing");
                }
            })
        })
        .collect();
    jobs.into_iter().for_each(|job| runtime.block_on(job).expect("its end"));
    let requests = shop.lagerkoll().requests();
    assert_eq!(requests.iter().map(|request| request.status).collect::<Vec<_>>(), [200; 20]);
    for window in requests.windows(MOST + 1) {
        assert!(window[MOST].at - window[0].at >= WINDOW);
    }
}
