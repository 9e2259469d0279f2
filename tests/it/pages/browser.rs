//! The pages in a real browser: wide and narrow, light and dark, with and without scripts, by keyboard.

use std::path::PathBuf;

use serde_json::json;

use super::{ACTIONS, OPEN, PASSWORD, complete, holding, serve};
use crate::kit::browser::browser;
use crate::kit::devtools::Browser;
use crate::kit::wait_until;

const CHECK: &str = include_str!("check.js");
/// With this, pictures of the pages are left there.
const PICTURES: &str = "SHELFKEEPER_PICTURES";
const PATHS: [(&str, &str); 8] = [
    ("overview", "/"),
    ("history", "/history"),
    ("history-filtered", "/history?kind=updated&field=price&since=7d"),
    ("rejected", "/rejected"),
    ("orders", "/orders"),
    ("orders-by-agent", "/orders?by=agent"),
    ("product", "/product?id=lamp"),
    ("not-there", "/history?since=soon"),
];

#[test]
fn every_page_is_readable_by_everybody() {
    let Some(program) = browser() else { return };
    let shop = complete(ACTIONS);
    let (_daemon, address) = serve(&shop);
    let mut browser = Browser::start(&program);
    browser.knows(PASSWORD);
    let pictures = std::env::var_os(PICTURES).map(PathBuf::from);
    for (width, height) in [(1280, 900), (375, 800)] {
        for is_dark in [false, true] {
            browser.looks(width, height, is_dark);
            for (name, path) in PATHS {
                browser.visit(&format!("http://{address}{path}"));
                let case = format!("{name}-{width}-{}", if is_dark { "dark" } else { "light" });
                if let Some(folder) = &pictures {
                    browser.picture(&folder.join(format!("{case}.png")));
                }
                let mut wrong = vec![browser.evaluate(CHECK)];
                // Open, nothing is wrong either.
                browser.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)");
                wrong.push(browser.evaluate(CHECK));
                wrong.retain(|wrong| *wrong != json!([]));
                assert!(wrong.is_empty(), "{case}: {wrong:?}");
                let (asked, complaints) = browser.told();
                let is_elsewhere =
                    |url: &&String| !url.starts_with(&format!("http://{address}/")) && !url.starts_with("data:");
                assert_eq!(asked.iter().find(is_elsewhere), None, "{case}");
                // A page that isn't right is told by its status.
                let complaints: Vec<&String> =
                    complaints.iter().filter(|told| !told.contains("400 (Bad Request)")).collect();
                assert!(complaints.is_empty(), "{case}: {complaints:?}");
            }
        }
    }
}

#[test]
fn it_keeps_itself_fresh_but_not_under_somebody_s_hands() {
    let Some(program) = browser() else { return };
    let shop = holding(OPEN);
    let (daemon, address) = serve(&shop);
    let mut browser = Browser::start(&program);
    browser.looks(1280, 700, false);
    // The page's own clock runs as fast as it can.
    browser.call(
        "Page.addScriptToEvaluateOnNewDocument",
        json!({"source": "const later = setInterval; window.setInterval = (work) => later(work, 50);"}),
    );
    browser.visit(&format!("http://{address}/"));
    browser.evaluate("window.isSame = true; scrollTo(0, 200); document.querySelector('main h1').textContent = 'old'");
    wait_until("it is new", || {
        browser.evaluate("document.querySelector('main h1').textContent !== 'old'") == json!(true)
    });
    assert_eq!(
        browser.evaluate("[window.isSame, scrollY, document.querySelectorAll('h1').length]"),
        json!([true, 200, 1])
    );
    // Nothing changes under somebody who reads on.
    let held = browser.evaluate(
        "document.querySelector('main details').open = true; document.querySelector('main h1').textContent = 'old';
         new Promise(done => setTimeout(() => done(document.querySelector('main h1').textContent), 400))",
    );
    assert_eq!(held, json!("old"));
    browser.evaluate(
        "document.querySelector('main details').open = false; document.querySelector('main section a').focus()",
    );
    let held = browser
        .evaluate("new Promise(done => setTimeout(() => done(document.querySelector('main h1').textContent), 400))");
    assert_eq!(held, json!("old"));
    // Nobody takes an old page for a fresh one.
    browser.evaluate("document.activeElement.blur()");
    daemon.kill();
    wait_until("it is told", || browser.evaluate("!document.getElementById('stale').hidden") == json!(true));
}

#[test]
fn it_works_without_scripts_and_by_keyboard() {
    let Some(program) = browser() else { return };
    let shop = holding(ACTIONS);
    let (_daemon, address) = serve(&shop);
    let mut browser = Browser::start(&program);
    browser.knows(PASSWORD);
    browser.looks(1280, 900, false);
    browser.visit(&format!("http://{address}/"));
    browser.press("Tab", 9);
    assert_eq!(
        browser.evaluate("document.activeElement.className"),
        json!("skip"),
        "the first stop leads to the content"
    );
    let outline = browser.evaluate("getComputedStyle(document.activeElement).outlineStyle");
    assert_eq!(outline, json!("solid"), "where the focus is, is seen");
    for _ in 0..60 {
        browser.press("Tab", 9);
        if browser.evaluate("document.activeElement.textContent") == json!("Let exactly this through") {
            break;
        }
    }
    assert_eq!(browser.evaluate("document.activeElement.textContent"), json!("Let exactly this through"));
    // A browser says itself whose form it is.
    browser.leave_by("document.activeElement.form.requestSubmit()");
    assert_eq!(browser.evaluate("location.search"), json!("?done=approve"));
    // The pass may have been made before the page came.
    let done = browser.evaluate("document.querySelector('.done').textContent");
    let is_said = |text: &str| text.starts_with("Approved") || text.starts_with("Nothing that was approved waits");
    assert!(done.as_str().is_some_and(is_said), "{done}");

    browser.scripts(false);
    browser.visit(&format!("http://{address}/history?kind=updated"));
    let (_, complaints) = browser.told();
    assert!(complaints.is_empty(), "{complaints:?}");
    browser.scripts(true);
    browser.visit(&format!("http://{address}/history"));
    browser.evaluate("document.getElementById('filter-kind').value = 'updated'");
    browser.leave_by("document.querySelector('.filters').requestSubmit()");
    assert!(browser.evaluate("location.search").as_str().is_some_and(|query| query.contains("kind=updated")));
    assert_eq!(browser.evaluate("document.querySelectorAll('tbody .word.good').length"), json!(0));
}
