//! What a pass costs beside what can't be had for less, as ratios that hold on any machine: the processor's time and the
//! bytes written of whole programs, whatever else runs beside them.

use std::process::Command;
use std::time::Duration;

use quick_xml::Reader;
use quick_xml::events::Event;
use rustix::time::{ClockId, clock_gettime};
use sandbox::Catalog;

use crate::kit::{Shop, finish};

const ITEMS: usize = 5_000;
/// How often each is run, in turns: the least of them counts, as whatever else the machine does only adds to it.
const ROUNDS: usize = 5;
/// Changed products of a pass that has some.
const CHANGED: usize = 50;

// Twice what they are without any optimisation, or more: a processor that is shared takes longer for the same.

/// So many times as long as quick-xml takes to tell the feed's tags apart a plan may take in which every row is known, its
/// start included: 8.5.
const MOST_OF_TOKENISING: f64 = 25.0;
/// So many times as long as that it may take when 1 % of the products changed: 1.3.
const MOST_OF_KNOWN: f64 = 3.0;
/// So many bytes more may be written for each product that is changed, at the shop and then in NiceChat: 16,000.
const MOST_A_CHANGE: u64 = 40_000;

/// What a program has used at its end.
struct Spent {
    cpu: Duration,
    /// Given to the kernel to be written, into whatever file.
    written: u64,
}

/// Runs a command to its end, under a shell that reads its clock and its counters.
fn spent(command: &Command) -> Spent {
    const MEASURE: &str = r#"TIMEFORMAT='cpu: %3U %3S'; time "$@" >&2 || exit; cat "/proc/$$/io""#;
    let mut shell = Command::new("bash");
    shell.args(["-c", MEASURE, "bash"]).arg(command.get_program()).args(command.get_args());
    shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(command.get_current_dir().expect("a folder"));
    let output = finish(shell).expect_code(0);
    let after = |text: &str, mark: &str| -> String {
        let rest = text.rsplit_once(mark).unwrap_or_else(|| panic!("no {mark:?} in {text}")).1;
        rest.lines().next().unwrap_or_default().trim().to_owned()
    };
    let seconds = after(&output.stderr, "cpu:");
    let cpu = seconds.split(' ').map(|part| part.parse::<f64>().expect("seconds")).sum();
    Spent { cpu: Duration::from_secs_f64(cpu), written: after(&output.stdout, "wchar:").parse().expect("bytes") }
}

/// The processor's time of this thread for some work.
fn thread_time(work: impl FnOnce()) -> Duration {
    let now = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("a clock that goes forward");
    let began = now();
    work();
    now() - began
}

fn feed(changed: f64) -> String {
    let mut feed = Vec::new();
    Catalog { items: ITEMS, changed, ..Catalog::default() }.write_yml(&mut feed).expect("a feed");
    String::from_utf8(feed).expect("text")
}

/// The feed with other names of the first so many products.
fn renamed(feed: &str, count: usize) -> String {
    const NAME_ENDS: &str = "</name>\n<url>https://shop.example/p/";
    feed.replacen(NAME_ENDS, &format!(" (new){NAME_ENDS}"), count)
}

/// A shop that NiceChat equals, of which nothing is left to be looked at. It was imported: that takes one request.
fn shop_in_step(feed: &str) -> Shop {
    let shop = Shop::new();
    shop.config("[nicechat]\nstrategy = \"import\"\n");
    shop.put_feed(feed);
    shop.pass(0);
    let path = shop.write("feed.xml", feed);
    shop.config(&format!("[nicechat]\nstrategy = \"api\"\n[source]\nlocation = {path:?}\n"));
    shop.pass(0);
    shop
}

fn tokenise(feed: &str) {
    let mut reader = Reader::from_str(feed);
    while reader.read_event().expect("XML") != Event::Eof {}
}

#[test]
fn a_pass_takes_little_more_than_it_must() {
    let feed_before = feed(0.0);
    let shop = shop_in_step(&feed_before);
    let planned = |feed: &str| {
        shop.write("feed.xml", feed);
        spent(&shop.command(&["plan"])).cpu
    };
    let (known_rows, changed_rows) = (format!("{feed_before}\n"), feed(1.0));
    let mut least = [Duration::MAX; 3];
    for _ in 0..ROUNDS {
        let round = [thread_time(|| tokenise(&feed_before)), planned(&known_rows), planned(&changed_rows)];
        least.iter_mut().zip(round).for_each(|(least, took)| *least = took.min(*least));
    }
    let [tokenising, known, changed] = least;
    let ratio = |one: Duration, other: Duration| one.as_secs_f64() / other.as_secs_f64();
    assert!(ratio(known, tokenising) < MOST_OF_TOKENISING, "{known:?} for known rows, {tokenising:?} to tokenise them");
    assert!(ratio(changed, known) < MOST_OF_KNOWN, "{changed:?} with 1 % changed, {known:?} with none");

    let written = |renamed_so_far: usize, changes: usize| {
        shop.write("feed.xml", renamed(&feed_before, renamed_so_far));
        shop.take_writes();
        let spent = spent(&shop.command(&["run", "--once"]));
        assert_eq!(shop.take_writes().len(), changes);
        spent.written
    };
    let (one, many) = (written(1, 1), written(1 + CHANGED, CHANGED));
    let a_change = many.saturating_sub(one) / (CHANGED as u64 - 1);
    assert!(a_change < MOST_A_CHANGE, "{one} bytes written for one change, {many} for {CHANGED}");
}
