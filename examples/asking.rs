//! What answers at the doors cost, and what others need for the same: for `benches/oct8ne.sh` and
//! `benches/availability.sh`.
//!
//!     asking door ADDRESS PID ROUNDS    asks a server for the addresses on standard input (CLASS TAB ADDRESS a line)
//!     asking pace ADDRESS PATH RATE SECONDS CONNECTIONS    asks so often a second, whatever the answers take
//!     asking constant                   serves the same few bytes to everybody, and prints where
//!     asking fts FEED FOLDER ROUNDS     SQLite's FTS5 over the feed's texts, for the words on standard input (CLASS TAB WORDS)

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use axum::body::Body;
use hyper::Response;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rusqlite::Connection;
use shelfkeeper::feed::{self, ParseOptions, Row};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["door", address, pid, rounds] => door(address, pid, rounds.parse()?),
        ["pace", address, path, rate, seconds, connections] => {
            pace(address, path, rate.parse()?, seconds.parse()?, connections.parse()?)
        }
        ["constant"] => constant(),
        ["fts", feed, folder, rounds] => fts(feed, Path::new(folder), rounds.parse()?),
        _ => bail!(
            "usage: asking door ADDRESS PID ROUNDS | pace ADDRESS PATH RATE SECONDS CONNECTIONS | constant | fts FEED FOLDER ROUNDS"
        ),
    }
}

/// What is asked, by class.
fn classes() -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let mut classes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in io::stdin().lines() {
        let line = line?;
        let (class, what) = line.split_once('\t').with_context(|| format!("no tab in {line:?}"))?;
        classes.entry(class.to_owned()).or_default().push(what.to_owned());
    }
    Ok(classes)
}

/// The time that a process has had a processor, its threads that have ended included; to the hundredth of a second.
fn cpu(pid: &str) -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in brackets, may have blanks.
    let (_, fields) = stat.rsplit_once(')').context("no process")?;
    let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok());
    Ok(Duration::from_millis(10 * ticks.sum::<u64>()))
}

/// Prints a class: how long an answer takes, and how much of a processor.
fn tell(class: &str, times: &mut [Duration], cpu: Duration) -> io::Result<()> {
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1e3;
    let each = cpu.as_secs_f64() * 1e3 / times.len() as f64;
    let (p50, p99) = (at(50), at(99));
    writeln!(io::stdout(), "{class:28} p50 {p50:8.3} ms   p99 {p99:8.3} ms   processor {each:8.3} ms")
}

fn door(address: &str, pid: &str, rounds: usize) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    for (class, paths) in classes()? {
        let mut times = Vec::new();
        let mut before = Duration::ZERO;
        // The first round is not counted: it reads from the disk.
        for round in 0..=rounds {
            if round == 1 {
                before = cpu(pid)?;
            }
            for path in &paths {
                let began = Instant::now();
                let request = format!("GET {path} HTTP/1.1\r\nHost: shop.example\r\n\r\n");
                stream.write_all(request.as_bytes())?;
                answer(&mut reader).with_context(|| path.clone())?;
                if round > 0 {
                    times.push(began.elapsed());
                }
            }
        }
        tell(&class, &mut times, cpu(pid)?.saturating_sub(before))?;
    }
    Ok(())
}

/// Asks at moments that are fixed beforehand: who waits for one answer too long asks late, and that counts as waiting.
fn pace(address: &str, path: &str, rate: u32, seconds: u32, connections: u32) -> anyhow::Result<()> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: shop.example\r\n\r\n");
    let (total, every) = (rate * seconds, Duration::from_secs(1) / rate);
    let start = Instant::now() + Duration::from_millis(50);
    let ask = |nth: u32| -> anyhow::Result<Vec<(Duration, Duration)>> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut times = Vec::new();
        for due in (nth..total).step_by(connections as usize).map(|at| start + every * at) {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let sent = Instant::now();
            stream.write_all(request.as_bytes())?;
            answer(&mut reader)?;
            times.push((due.elapsed(), sent.elapsed()));
        }
        Ok(times)
    };
    let all = thread::scope(|scope| -> anyhow::Result<Vec<(Duration, Duration)>> {
        let threads: Vec<_> = (0..connections).map(|nth| scope.spawn(move || ask(nth))).collect();
        let mut all = Vec::new();
        for thread in threads {
            all.extend(thread.join().map_err(|_| anyhow::anyhow!("a thread has panicked"))??);
        }
        Ok(all)
    })?;
    let each = start.elapsed().as_secs_f64();
    let (mut due, mut sent): (Vec<Duration>, Vec<Duration>) = all.into_iter().unzip();
    let at = |times: &mut Vec<Duration>, part: f64| {
        times.sort_unstable();
        times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3
    };
    writeln!(
        io::stdout(),
        "{:.0} a second: from the request p50 {:.3}, p99 {:.3}, p99.9 {:.3} ms; from the moment it was due p99 {:.3} ms",
        f64::from(total) / each,
        at(&mut sent, 0.5),
        at(&mut sent, 0.99),
        at(&mut sent, 0.999),
        at(&mut due, 0.99),
    )?;
    Ok(())
}

/// Reads one answer to its end.
fn answer(reader: &mut BufReader<TcpStream>) -> anyhow::Result<()> {
    let (mut length, mut first) = (0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        if first.is_empty() {
            first = line;
        }
    }
    if !first.contains(" 200 ") {
        bail!("answered {first:?}");
    }
    let mut body = vec![0; length];
    Ok(reader.read_exact(&mut body)?)
}

fn constant() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    writeln!(io::stdout(), "{}", listener.local_addr()?)?;
    listener.set_nonblocking(true)?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            let answer = service_fn(|_| async {
                let mut response = Response::new(Body::from("{\"total\":1000}"));
                let kind = HeaderValue::from_static("application/json; charset=utf-8");
                response.headers_mut().insert(CONTENT_TYPE, kind);
                Ok::<_, Infallible>(response)
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    })
}

fn fts(feed: &str, folder: &Path, rounds: usize) -> anyhow::Result<()> {
    let path = folder.join("fts.db");
    let is_new = !path.exists();
    let connection = Connection::open(&path)?;
    if is_new {
        fill(&connection, feed)?;
    }
    let own = std::process::id().to_string();
    let page = "SELECT rowid FROM item WHERE item MATCH ?1 ORDER BY rank LIMIT 10";
    let (mut page, mut total) =
        (connection.prepare(page)?, connection.prepare("SELECT count(*) FROM item WHERE item MATCH ?1")?);
    for (class, queries) in classes()? {
        let (mut times, mut before) = (Vec::new(), Duration::ZERO);
        for round in 0..=rounds {
            if round == 1 {
                before = cpu(&own)?;
            }
            for words in &queries {
                let began = Instant::now();
                let _: Vec<i64> = page.query_map([words], |row| row.get(0))?.collect::<Result<_, _>>()?;
                let _: i64 = total.query_row([words], |row| row.get(0))?;
                if round > 0 {
                    times.push(began.elapsed());
                }
            }
        }
        tell(&class, &mut times, cpu(&own)?.saturating_sub(before))?;
    }
    Ok(())
}

/// The texts for FTS5, and whole products for a script that loads them.
fn fill(connection: &Connection, feed: &str) -> anyhow::Result<()> {
    connection.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
         CREATE VIRTUAL TABLE item USING fts5(title, brand, category, description, content='', tokenize='unicode61');
         CREATE TABLE product (n INTEGER PRIMARY KEY, id TEXT, title TEXT, description TEXT, price TEXT, url TEXT, image TEXT,
           brand TEXT, category TEXT, stock INTEGER);
         BEGIN;",
    )?;
    let mut index =
        connection.prepare("INSERT INTO item (rowid, title, brand, category, description) VALUES (?, ?, ?, ?, ?)")?;
    let mut product = connection.prepare("INSERT INTO product VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    let file = File::open(feed)?;
    let now = jiff::Timestamp::now();
    let options = ParseOptions::at(now);
    let mut number = 0_i64;
    feed::read(&feed::open(&file, u64::MAX), &options, &mut |row| {
        let Row::Offer(offer) = row else { return Ok(()) };
        let item = &offer.item;
        number += 1;
        let category = item.category.as_ref().and_then(|category| category.name.as_deref()).unwrap_or_default();
        let brand = item.local.to_fields().get("brand").and_then(|brand| brand.as_str()).unwrap_or_default().to_owned();
        let description = item.description.as_deref().unwrap_or_default();
        index.execute(rusqlite::params![number, item.title, brand, category, description])?;
        let price = item.price.map(|price| price.to_string());
        product.execute(rusqlite::params![
            number,
            item.id.as_str(),
            item.title,
            description,
            price,
            item.url,
            item.image_url,
            brand,
            category,
            item.in_stock
        ])?;
        Ok(())
    })?;
    Ok(connection.execute_batch("COMMIT; CREATE INDEX product_id ON product (id);")?)
}
