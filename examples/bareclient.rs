//! A client that does nothing but send, or read the listing: what is left of its rate when all that shelfkeeper does beside
//! is added is what that costs. For `benches/sending.sh` and `benches/resync.sh`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use clap::Parser;
use serde_json::{Value, json};
use shelfkeeper::remote::nicechat::signature;
use url::Url;

/// Creates products in a sandbox, so many at a time, or reads them; and tells how long that took in seconds.
#[derive(Parser)]
#[command(name = "bareclient")]
struct Args {
    /// The address of NiceChat
    base_url: Url,
    /// The API key
    key: String,
    /// The API secret
    secret: String,
    /// How many products
    #[arg(long, default_value_t = 100_000, value_name = "N")]
    items: usize,
    /// How many requests at a time
    #[arg(long, default_value_t = 8, value_name = "N")]
    concurrency: usize,
    /// Read the listing of all products, page by page, and create nothing
    #[arg(long)]
    list: bool,
}

const PATH: &str = "/marketplaces/v1/products/";

/// A product about as large as those that `feedgen` makes.
fn product(nth: usize) -> Vec<u8> {
    let product = json!({
        "id": format!("bare-{nth}"), "title": format!("Product number {nth} of a client that only sends"),
        "price": nth, "currency": "eur", "description": "x".repeat(200), "in_stock": true,
        "url": format!("https://shop.example/p/{nth}"), "image_url": format!("https://shop.example/i/{nth}.jpg"),
    });
    product.to_string().into_bytes()
}

/// Reads the listing from its first page to its last one.
async fn list(args: &Args, client: &reqwest::Client, first: Url) -> anyhow::Result<()> {
    let mut next = Some(first);
    while let Some(url) = next {
        let sign = signature(&args.secret, url.path(), b"", "GET");
        let call = client.get(url.clone()).header("X-API-Key", &args.key).header("X-API-Sign", sign);
        let page: Value = serde_json::from_slice(&call.send().await?.error_for_status()?.bytes().await?)?;
        let following = page["result"]["next"].as_str().or_else(|| page["next"].as_str());
        next = following.map(|following| url.join(following)).transpose()?;
    }
    Ok(())
}

#[tokio::main(worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let args = Arc::new(Args::parse());
    rustls::crypto::ring::default_provider().install_default().ok();
    let client = reqwest::Client::builder().no_proxy().build()?;
    let url = args.base_url.join(PATH)?;
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    if args.list {
        list(&args, &client, url.clone()).await?;
    }
    let senders: Vec<_> = (0..if args.list { 0 } else { args.concurrency })
        .map(|_| {
            let (args, client, url, next) = (Arc::clone(&args), client.clone(), url.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= args.items {
                        return anyhow::Ok(());
                    }
                    let body = product(nth);
                    let sign = signature(&args.secret, PATH, &body, "POST");
                    let call = client.post(url.clone()).header("X-API-Key", &args.key).header("X-API-Sign", sign);
                    let reply = call.header("Content-Type", "application/json").body(body).send().await?;
                    reply.error_for_status()?.bytes().await?;
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await??;
    }
    #[allow(clippy::print_stdout, reason = "it is what it is for")]
    {
        println!("{:.2}", started.elapsed().as_secs_f64());
    }
    Ok(())
}
