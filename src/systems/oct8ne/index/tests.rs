//! The index against a naive search in memory, over made-up catalogues and queries.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::build::{build, build_in};
use super::file::Index;
use super::search::{Filter, Found, Order, Request};
use crate::catalog::{Category, Id, Item, Local, Money};
use crate::config::{Facet, OutOfStock};
use crate::systems::catalog::{Generation, Note, Shelf};
use crate::systems::oct8ne::text::words::{Analyser, Word};

/// Too short for endings and typos: what is found is plain.
const WORDS: [&str; 6] = ["red", "lamp", "desk", "oak", "blue", "iron"];
const BRANDS: [&str; 3] = ["", "Acme", "Other"];

/// A product, in numbers that choose its texts.
#[derive(Debug, Clone)]
struct Good {
    title: Vec<usize>,
    description: Vec<usize>,
    brand: usize,
    price: Option<u32>,
    is_in_stock: bool,
}

#[derive(Debug, Clone)]
struct Asked {
    words: Vec<usize>,
    /// Letters that the last word has lost at its end.
    lost: usize,
    brands: Vec<usize>,
    stock: Option<bool>,
    price: Option<(u32, u32)>,
    order: u8,
    page: usize,
}

fn good() -> impl Strategy<Value = Good> {
    let words = |most| vec(0..WORDS.len(), 0..most);
    (vec(0..WORDS.len(), 1..4), words(4), 0..BRANDS.len(), proptest::option::of(1..50_u32), any::<bool>()).prop_map(
        |(title, description, brand, price, is_in_stock)| Good { title, description, brand, price, is_in_stock },
    )
}

fn asked() -> impl Strategy<Value = Asked> {
    let price = proptest::option::of((0..25_u32, 1..30_u32).prop_map(|(from, more)| (from, from + more)));
    (
        (vec(0..WORDS.len(), 1..4), prop_oneof![2 => Just(0_usize), 1 => 1..3_usize]),
        vec(1..BRANDS.len(), 0..2),
        proptest::option::of(any::<bool>()),
        price,
        0..5_u8,
        0..3_usize,
    )
        .prop_map(|((words, lost), brands, stock, price, order, page)| Asked {
            words,
            lost,
            brands,
            stock,
            price,
            order,
            page,
        })
}

fn text(words: &[usize]) -> String {
    words.iter().map(|word| WORDS[*word]).collect::<Vec<_>>().join(" ")
}

fn item(number: usize, good: &Good) -> Item {
    let mut local = Local::default();
    if good.brand > 0 {
        local.set_brand(BRANDS[good.brand]);
    }
    let money = good.price.map(|price| Money::parse(&format!("{price} EUR")).expect("a price"));
    let category = Category { id: Id::parse("c").expect("an id"), name: Some("Zzz > Yyy".to_owned()) };
    Item {
        id: Id::parse(&format!("p{number:03}")).expect("an id"),
        category: Some(Arc::new(category)),
        title: text(&good.title),
        price: money.map(|money| money.price),
        currency: money.and_then(|money| money.currency),
        description: Some(text(&good.description)).filter(|text| !text.is_empty()),
        url: None,
        image_url: None,
        in_stock: good.is_in_stock,
        local,
    }
}

fn indexed(folder: &std::path::Path, goods: &[Good]) -> (Generation, Index, Analyser) {
    let shelf = Shelf::beside(&folder.join("state.db"));
    let mut draft = shelf.begin().expect("a draft");
    goods
        .iter()
        .enumerate()
        .for_each(|(number, good)| draft.add_whole(&item(number, good), Note::default(), None).expect("added"));
    let generation = draft.finish("x").expect("a generation");
    let analyser = Analyser::new(&["en".to_owned()], "en");
    build(&generation, &analyser, "key").expect("an index");
    let index = Index::open(generation.folder(), "key").expect("it is there");
    (generation, index, analyser)
}

impl Asked {
    /// As they are typed.
    fn text(&self) -> String {
        let text = text(&self.words);
        text[..text.len() - self.lost].to_owned()
    }
}

/// Whether every word is there, the last one perhaps as the beginning of another.
fn has_all(there: &[&str], words: &[&str]) -> bool {
    let is_there = |(at, word): (usize, &&str)| {
        let is_last = at + 1 == words.len();
        there.iter().any(|other| other == word || is_last && other.starts_with(word))
    };
    words.iter().enumerate().all(is_there)
}

/// The numbers of what is found, before filters, and the words that count.
fn matching<'w>(goods: &[Good], words: &'w [&'w str]) -> (Vec<usize>, &'w [&'w str]) {
    let has = |good: &Good| {
        let brand = BRANDS[good.brand].to_lowercase();
        let texts = good.title.iter().chain(&good.description).map(|word| WORDS[*word]);
        has_all(&texts.chain([brand.as_str()]).collect::<Vec<_>>(), words)
    };
    let found: Vec<usize> = (0..goods.len()).filter(|number| has(&goods[*number])).collect();
    if found.is_empty() && words.len() > 1 { matching(goods, &words[..words.len() - 1]) } else { (found, words) }
}

fn in_title(good: &Good, words: &[&str]) -> bool {
    has_all(&good.title.iter().map(|word| WORDS[*word]).collect::<Vec<_>>(), words)
}

/// Whether two say the same.
fn is_alike(one: &Good, other: &Good) -> bool {
    one.title == other.title && one.description == other.description && one.brand == other.brand
}

fn fits(good: &Good, asked: &Asked) -> bool {
    (asked.brands.is_empty() || asked.brands.contains(&good.brand))
        && asked.stock.is_none_or(|stock| stock == good.is_in_stock)
        && asked.price.is_none_or(|(from, to)| good.price.is_some_and(|price| from <= price && price < to))
}

fn search(index: &Index, analyser: &Analyser, asked: &Asked) -> Found {
    searched(index, analyser, asked).expect("a search")
}

fn searched(index: &Index, analyser: &Analyser, asked: &Asked) -> std::io::Result<Found> {
    let mut words: Vec<Word> = Vec::new();
    analyser.words(&asked.text(), |word| words.push(word));
    let mut filters = Vec::new();
    if !asked.brands.is_empty() {
        filters.push(Filter::Brand(asked.brands.iter().map(|brand| BRANDS[*brand].to_owned()).collect()));
    }
    filters.extend(asked.stock.map(|stock| Filter::Availability(vec![stock])));
    let part = |price: u32| Some(i64::from(price) * super::facets::UNIT);
    filters.extend(asked.price.map(|(from, to)| Filter::Price(vec![(part(from), part(to))])));
    let order = match asked.order {
        0 => Order::Relevance,
        order @ 1..3 => Order::Price { descending: order == 2 },
        order => Order::Name { descending: order == 4 },
    };
    let request = Request {
        words: &words,
        codes: &[],
        filters,
        order,
        out_of_stock: OutOfStock::Last,
        currency: Some("EUR"),
        facets: &Facet::ALL,
        from: asked.page * 5,
        size: 5,
    };
    index.search(&request)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_found_is_what_is_there(goods in vec(good(), 1..40), queries in vec(asked(), 1..8), segment in 1..50_usize) {
        let folder = tempfile::tempdir().expect("a folder");
        let (generation, index, analyser) = indexed(folder.path(), &goods);
        let one = queries.iter().map(|asked| search(&index, &analyser, asked)).collect::<Vec<_>>();
        let related = (0..goods.len() as u64).map(|place| index.related(place).expect("read")).collect::<Vec<_>>();
        build_in(segment, &generation, &analyser, "key").expect("an index");
        let index = Index::open(generation.folder(), "key").expect("it is there");
        for (place, related) in (0..).zip(related) {
            prop_assert_eq!(index.related(place).expect("read"), related);
        }
        for (asked, one) in queries.iter().zip(one) {
            let found = search(&index, &analyser, asked);
            prop_assert_eq!(&found, &one, "in segments of {}: {:?}", segment, asked);
            let typed = asked.text();
            let typed: Vec<&str> = typed.split(' ').collect();
            let (mut expected, words) = matching(&goods, &typed);
            expected.retain(|number| fits(&goods[*number], asked));
            prop_assert_eq!(found.total, expected.len() as u64, "{:?}", asked);
            for (facet, options) in &found.options {
                for option in options {
                    let is_its = |good: &Good| match facet {
                        Facet::Brand => BRANDS[good.brand] == option.value,
                        Facet::Availability => good.is_in_stock == (option.value == "in"),
                        Facet::Category => true,
                        Facet::Price => {
                            let (from, to) = option.value.split_once('-').expect("a range");
                            let to = to.parse().unwrap_or(f64::MAX);
                            let from: f64 = from.parse().expect("a number");
                            good.price.is_some_and(|price| from <= f64::from(price) && f64::from(price) < to)
                        }
                    };
                    let count = expected.iter().filter(|number| is_its(&goods[**number])).count() as u64;
                    prop_assert_eq!(option.count, count, "{:?} {:?}", asked, option);
                }
            }
            match asked.order {
                1 => expected.sort_by_key(|number| (goods[*number].price.unwrap_or(u32::MAX), *number)),
                2 => expected.sort_by_key(|number| (goods[*number].price.map_or(1, |price| -i64::from(price)), *number)),
                3 => expected.sort_by_key(|number| (text(&goods[*number].title), *number)),
                4 => {
                    expected.sort();
                    expected.sort_by_key(|number| std::cmp::Reverse(text(&goods[*number].title)));
                }
                _ => {
                    // Those with all words in their titles first, then those in stock; how often a word is there
                    // decides among these.
                    let of = |number: usize| (!in_title(&goods[number], words), !goods[number].is_in_stock);
                    expected.sort_by_key(|number| (of(*number), *number));
                    let kinds: Vec<_> = expected.iter().skip(asked.page * 5).take(5).map(|number| of(*number)).collect();
                    let numbers: Vec<usize> = found.places.iter().map(|place| *place as usize).collect();
                    let found: Vec<_> = numbers.iter().map(|number| of(*number)).collect();
                    prop_assert_eq!(found, kinds, "{:?}", asked);
                    prop_assert!(numbers.iter().all(|number| expected.contains(number)), "{:?}", asked);
                    let alike = |pair: &[usize]| of(pair[0]) == of(pair[1]) && is_alike(&goods[pair[0]], &goods[pair[1]]);
                    prop_assert!(numbers.windows(2).all(|pair| !alike(pair) || pair[0] < pair[1]), "{:?}", asked);
                    continue;
                }
            }
            let page: Vec<u64> = expected.into_iter().skip(asked.page * 5).take(5).map(|number| number as u64).collect();
            prop_assert_eq!(found.places, page, "{:?}", asked);
        }
    }
}

/// Whatever a disk makes of it: it is made again, or a search says so, or nothing that was asked for is damaged.
#[test]
fn damage_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = |number: usize| Good {
        title: vec![number % 6, number / 6 % 6],
        description: vec![number % 5],
        brand: number % 3,
        price: Some(number as u32),
        is_in_stock: !number.is_multiple_of(4),
    };
    let goods: Vec<Good> = (0..200).map(good).collect();
    let (generation, _, analyser) = indexed(folder.path(), &goods);
    build_in(90, &generation, &analyser, "key").expect("an index");
    let path = generation.folder().join(super::file::FILE);
    let whole = std::fs::read(&path).expect("the file");
    let asked = |order| {
        let (words, brands) = (vec![0, 1], Vec::new());
        Asked { words, lost: 0, brands, stock: None, price: None, order, page: 0 }
    };
    let answers = |index: &Index| -> std::io::Result<_> {
        let found = [0, 1, 3].map(|order| searched(index, &analyser, &asked(order)));
        let found = found.into_iter().collect::<std::io::Result<Vec<Found>>>()?;
        Ok((found, index.related(7)?, index.have_variants(&["g"])?))
    };
    let right = answers(&Index::open(generation.folder(), "key").expect("it is there")).expect("answers");
    for at in (0..whole.len()).step_by(13) {
        let mut bytes = whole.clone();
        match at % 2 {
            0 => bytes[at] ^= 1 << (at % 8),
            _ => bytes[at..(at + 300).min(whole.len())].fill(0xff),
        }
        std::fs::write(&path, bytes).expect("written");
        if let Some(Ok(found)) = Index::open(generation.folder(), "key").as_ref().map(answers) {
            assert_eq!(found, right, "at {at} of {}", whole.len());
        }
        std::fs::write(&path, &whole[..at]).expect("written");
        assert!(Index::open(generation.folder(), "key").is_none(), "cut off at {at}");
    }
}

/// A full disk, or whatever else ends it early: half of one isn't left to take up room.
#[test]
fn an_index_that_is_given_up_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = Good { title: vec![0], description: Vec::new(), brand: 0, price: None, is_in_stock: true };
    let (generation, _, analyser) = indexed(folder.path(), &[good]);
    let path = generation.folder().join(super::file::FILE);
    std::fs::remove_file(&path).expect("removed");
    std::fs::create_dir(&path).expect("a folder in its place");
    build(&generation, &analyser, "key").expect_err("nothing can be put there");
    assert!(!path.with_extension("new").exists());
}

/// A single slip in a word of five letters and more, and two in one of nine as it is typed.
#[test]
fn slips_of_the_finger_are_forgiven() {
    const LONG: [&str; 4] = ["ceramic", "lantern", "wooden", "chandelier"];
    let folder = tempfile::tempdir().expect("a folder");
    let shelf = Shelf::beside(&folder.path().join("state.db"));
    let mut draft = shelf.begin().expect("a draft");
    let plain = Good { title: Vec::new(), description: Vec::new(), brand: 0, price: None, is_in_stock: true };
    for (number, word) in LONG.iter().enumerate() {
        draft
            .add_whole(&Item { title: (*word).to_owned(), ..item(number, &plain) }, Note::default(), None)
            .expect("added");
    }
    let generation = draft.finish("x").expect("a generation");
    let analyser = Analyser::new(&["en".to_owned()], "en");
    build(&generation, &analyser, "key").expect("an index");
    let index = Index::open(generation.folder(), "key").expect("it is there");
    let found = |text: &str| {
        let mut words = Vec::new();
        analyser.words(text, |word| words.push(word));
        let request = Request {
            words: &words,
            codes: &[],
            filters: Vec::new(),
            order: Order::Relevance,
            out_of_stock: OutOfStock::Last,
            currency: None,
            facets: &[],
            from: 0,
            size: 10,
        };
        index.search(&request).expect("a search").places
    };
    for (number, word) in LONG.iter().enumerate() {
        for slip in slips(word) {
            assert_eq!(found(&slip), [number as u64], "{slip} for {word}");
        }
        let second = slips(word).into_iter().step_by(7).flat_map(|slip| slips(&slip).into_iter().step_by(11));
        for slip in second.filter(|slip| slip.len() >= 9) {
            assert_eq!(found(&slip), [number as u64], "{slip} for {word}");
        }
        let other = format!("x{}", &word[1..]);
        assert_eq!(found(&other), [0_u64; 0], "the first letter must be right: {other}");
    }
    assert_eq!(found("ceremuc"), [0_u64; 0], "two in a word of seven letters");
}

/// A letter wrong, missing, too many, or two swapped, behind the first one.
fn slips(word: &str) -> Vec<String> {
    let mut slips = Vec::new();
    for at in 1..word.len() {
        let (before, from, behind) = (&word[..at], &word[at..], &word[at + 1..]);
        for letter in ["k", "z"] {
            slips.push(format!("{before}{letter}{behind}"));
            slips.push(format!("{before}{letter}{from}"));
        }
        slips.push(format!("{before}{behind}"));
        if let Some(next) = from.get(1..2) {
            slips.push(format!("{before}{next}{}{}", &from[..1], &from[2..]));
        }
    }
    slips
}
