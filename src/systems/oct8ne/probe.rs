//! Whether the shop's own web server hands the widget's requests on to us.

use serde_json::Value;

use crate::config::Oct8ne;
use crate::http_client;

/// The function that a callback is tried with.
const CALLBACK: &str = "shelfkeeper_check";

/// Asks in three ways. An error says where on the way it goes wrong.
pub(super) async fn probe(settings: &Oct8ne) -> anyhow::Result<String> {
    adapter(settings).await.map_err(anyhow::Error::msg)
}

async fn adapter(settings: &Oct8ne) -> Result<String, String> {
    let root = settings.shop_url.as_str().trim_end_matches('/');
    let plain = format!("{root}/oct8ne/frame/getAdapterInfo");
    let info = ours(&plain, &ask(&plain).await?)?;
    let upper = format!("{root}/OCT8NE/FRAME/GETADAPTERINFO");
    let only = |what: &str| format!("{plain} is answered by shelfkeeper, but {what}");
    let answered = ask(&upper).await.and_then(|text| ours(&upper, &text));
    answered.map_err(|error| only(&format!("not in upper case: hand the path on in any case ({error})")))?;
    let called = ask(&format!("{plain}?callback={CALLBACK}")).await?;
    if !called.starts_with(&format!("{CALLBACK}({{")) {
        return Err(only("not with a callback: hand the query on, too"));
    }
    let enabled = if info["enabled"] == true { "enabled" } else { "not enabled, or without a catalogue yet" };
    Ok(format!("{plain} is answered by shelfkeeper, {enabled}"))
}

async fn ask(url: &str) -> Result<String, String> {
    let (status, text) = http_client::text_of(url).await.map_err(|error| format!("{url}: {error}"))?;
    match status {
        200 => Ok(text),
        404 => Err(format!("{url}: HTTP 404: the shop's web server doesn't hand /oct8ne/frame/ on to public_listen")),
        502..=504 => {
            Err(format!("{url}: HTTP {status}: the shop's web server doesn't reach shelfkeeper: does it run?"))
        }
        _ => Err(format!("{url}: HTTP {status}")),
    }
}

fn ours(url: &str, text: &str) -> Result<Value, String> {
    let info: Value = serde_json::from_str(text)
        .map_err(|_| format!("{url}: something else than an adapter answers: it is no JSON"))?;
    match info["adapterName"].as_str() {
        Some("shelfkeeper") => Ok(info),
        Some(other) => Err(format!("{url}: another adapter answers: {}", crate::text::plain(other, 60))),
        None => Err(format!("{url}: something else than an adapter answers")),
    }
}
