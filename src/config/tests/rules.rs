//! `[[source.rule]]`: how rules are read, and which items they leave out.

use std::sync::Arc;

use proptest::prelude::{any, prop, prop_assert_eq, proptest};
use proptest::strategy::Strategy as _;

use super::*;
use crate::catalog::{Category, Cell, Id, Item, Money, Rejection, Traits};
use crate::feed::{Offer, Row};

fn rules(lines: &str) -> Rules {
    catalog(load(&source(lines)).expect(lines)).source.rules
}

fn item(id: &str, title: &str, category: Option<&str>, price: Option<&str>, in_stock: bool) -> Item {
    let category = category.map(|name| {
        let id = Id::parse("c-1").expect("an id");
        Arc::new(Category { id, name: Some(name.to_owned()) })
    });
    Item {
        id: Id::parse(id).expect(id),
        category,
        title: title.to_owned(),
        price: price.map(|price| Money::parse(price).expect(price).price),
        currency: None,
        description: None,
        url: None,
        image_url: None,
        in_stock,
        local: Default::default(),
    }
}

fn lamp(price: Option<&str>) -> Item {
    let mut lamp = item("TEST-1", "Desk lamp", Some("Home > Light"), price, true);
    lamp.local.set_brand("Acme Light");
    lamp
}

fn row(item: Item) -> Row {
    Row::Offer(Box::new(Offer { item, line: 2, changes_at: None, currency_assumed: false, strange_stock: None }))
}

/// A row that isn't taken is left out by what can be read of it, where that is enough to tell.
#[test]
fn rows_that_are_not_taken() {
    let bad_price = Rejection::new(2, Some("TEST-1".to_owned()), "price", "not a price".to_owned());
    let titled = || bad_price.clone().of_cell(Cell { title: Some("Lampe Ümlaut".to_owned()), ..Cell::default() });
    let Item { category, local, .. } = lamp(None);
    let of_acme = || bad_price.clone().with_traits(Traits { brand: local.brand.clone(), category: category.clone() });
    let excluded = "include = false\nid = \"TEST-*\"";
    for (written, rejection, expected) in [
        (excluded, bad_price.clone(), Some(0)),
        (excluded, Rejection::duplicate(3, Some("TEST-1".to_owned()), Some(2), true), Some(0)),
        (excluded, Rejection::new(2, Some("LAMP".to_owned()), "price", "x".to_owned()), None),
        (excluded, Rejection::new(2, None, "id", "x".to_owned()), None),
        (excluded, Rejection::new(2, Some("TEST-1".to_owned()), "id", "too long".to_owned()), None),
        (excluded, bad_price.clone().of_broken(["TEST-2"]), None),
        ("include = false\ntitle = \"*ümlaut\"", titled(), Some(0)),
        ("include = false\ntitle = \"*ümlaut\"", bad_price.clone(), None),
        // What can't be read may fit, or not.
        ("include = false\nid = \"TEST-*\"\nprice = \"<5\"", bad_price.clone(), None),
        ("include = true\nbrand = \"Acme\"\n[[source.rule]]\ninclude = false\nid = \"*\"", bad_price.clone(), None),
        (
            "include = true\nid = \"A*\"\nbrand = \"x\"\n[[source.rule]]\ninclude = false\nid = \"*\"",
            bad_price.clone(),
            Some(1),
        ),
        ("include = true\nid = \"TEST-1\"\n[[source.rule]]\ninclude = false\nid = \"*\"", bad_price.clone(), None),
        // Whichever of the two decides, it says the same.
        (
            "include = false\nprice = \"<5\"\n[[source.rule]]\ninclude = false\nid = \"TEST-*\"",
            bad_price.clone(),
            Some(1),
        ),
        ("include = false\nbrand = \"acme*\"", of_acme(), Some(0)),
        ("include = false\ncategory = \"Home > *\"", of_acme(), Some(0)),
        ("include = false\nbrand = \"other\"", of_acme(), None),
    ] {
        let rules = rules(&format!("[[source.rule]]\n{written}"));
        assert_eq!(rules.excludes(&Row::Rejected(rejection.clone())), expected, "{written} {rejection:?}");
    }
}

#[test]
fn conditions() {
    for (condition, fits) in [
        ("id = \"TEST-*\"", true),
        ("id = \"test-*\"", false),
        ("id = \"TEST-?\"", true),
        ("id = \"TEST\"", false),
        ("id = \"**/TEST-1\"", false),
        (r"id = '\**-1'", false),
        (r"id = 'TES\T**'", true),
        ("id = \"{LAMP,TEST}-*\"", true),
        ("id = \"{LAMP,T{E,A}ST}-[0-9]\"", true),
        ("id = \"{LAMP,TASTE}-*\"", false),
        ("id = \"TEST-[!1]\"", false),
        ("id = \"TEST-[^2]\"", true),
        (r"id = '\{TEST-1\}'", false),
        ("title = \"[A-M]*[l-n]P\"", true),
        ("title = \"*LAMP\"", true),
        ("title = \"lamp\"", false),
        ("category = \"home > *\"", true),
        ("category = \"c-1\"", true),
        ("category = \"home\"", false),
        ("brand = \"acme*\"", true),
        ("brand = \"ACME L?GHT\"", true),
        ("brand = \"acme\"", false),
        ("price = \"<10\"", false),
        ("price = \"<=10\"", true),
        ("price = \">9.99\"", true),
        ("price = \">= 10.000\"", true),
        ("price = \"5..10\"", true),
        ("price = \"10.01..\"", false),
        ("price = \"..9\"", false),
        ("in_stock = true", true),
        ("in_stock = false", false),
        ("id = \"TEST-*\"\nprice = \"<5\"", false),
        ("id = \"TEST-*\"\nprice = \">5\"", true),
    ] {
        let excluded =
            rules(&format!("[[source.rule]]\ninclude = false\n{condition}")).excludes(&row(lamp(Some("10.00"))));
        assert_eq!(excluded.is_some(), fits, "{condition}");
    }
    // What an item lacks fits on nothing.
    let bare = item("1", "x", None, None, false);
    for condition in ["category = \"*\"", "brand = \"*\"", "price = \">=0\"", "price = \"<5\""] {
        assert_eq!(
            rules(&format!("[[source.rule]]\ninclude = false\n{condition}")).decide_row(&row(bare.clone())),
            None,
            "{condition}"
        );
    }
}

#[test]
fn the_first_that_fits_decides() {
    let rules = rules(
        "[[source.rule]]\ninclude = true\nid = \"TEST-1\"\n[[source.rule]]\ninclude = false\nid = \"TEST-*\"\n\
         [[source.rule]]\ninclude = false\nprice = \"<5\"",
    );
    let judged =
        |id: &str, price| rules.decide_row(&row(item(id, "x", None, price, true))).map(|v| (v.rule, v.include));
    assert_eq!(judged("TEST-1", Some("1")), Some((0, true)));
    assert_eq!(judged("TEST-2", Some("1")), Some((1, false)));
    assert_eq!(judged("2", Some("1")), Some((2, false)));
    assert_eq!(judged("2", Some("5")), None);
    assert!(rules.can_exclude() && !rules.is_empty());
    let told: Vec<String> = rules.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["id = \"TEST-1\"", "id = \"TEST-*\"", "price = \"<5\""]);
}

#[test]
fn rules_that_are_none() {
    for (lines, expected) in [
        ("id = \"a\"", ":3:1: source.rule.include is missing"),
        ("include = \"no\"\nid = \"a\"", "source.rule.include = \"no\": expected true or false, without quotes"),
        ("include = false", "this rule doesn't say what it fits on"),
        ("include = false\nid = \"\"", "source.rule.id = \"\": expected a pattern"),
        ("include = false\nid = \"[a\"", "source.rule.id = \"[a\": this is no pattern"),
        ("include = false\nid = \"{a\"", "this is no pattern: it has a { without a }"),
        ("include = false\nid = \"a}\"", "this is no pattern: it has a } without a {"),
        ("include = false\nid = 'a\\'", "nothing comes behind its last backslash"),
        ("include = false\nprice = 5", "source.rule.price = 5: write prices in quotes"),
        ("include = false\nprice = \"5\"", "expected a price such as \"<5\""),
        ("include = false\nprice = \"..\"", "expected a price such as"),
        ("include = false\nprice = \"< 5 USD\"", "expected a price such as"),
        ("include = false\nprice = \"9..5\"", "the first price is above the second"),
        ("include = false\nbrand = 5", "source.rule.brand = 5: write a text in quotes"),
        ("include = false\nin_stock = 1", "source.rule.in_stock = 1: expected true or false"),
        ("include = false\ntitel = \"x\"", "unknown setting source.rule.titel; did you mean title?"),
    ] {
        let all = errors(&source(&format!("[[source.rule]]\n{lines}")));
        assert!(all.iter().any(|told| told.contains(expected)), "{lines}: {all:#?}");
    }
    assert!(errors(&source("rule = 5"))[0].contains("write [[source.rule]] above each"));
    // Each of several.
    let two = errors(&source("[[source.rule]]\ninclude = 1\nid = \"a\"\n[[source.rule]]\ninclude = 2\nid = \"b\""));
    assert_eq!(two.len(), 2, "{two:#?}");
}

#[test]
fn what_is_left_out_is_nothing_to_import() {
    let with = |lines: &str| load(&source(&format!("{lines}\n[nicechat]\nstrategy = \"import\"")));
    assert!(with("[[source.rule]]\ninclude = true\nid = \"*\"").is_ok());
    let error = with("[[source.rule]]\ninclude = false\nid = \"*\"").expect_err("no address").to_string();
    assert!(error.contains("`[[source.rule]]` leaves rows out"), "{error}");
}

/// Whether a pattern of letters, `*` and `?` fits, by the letter.
fn fits(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), None) => fits(rest, text),
        (Some(('*', rest)), Some((_, after))) => fits(rest, text) || fits(pattern, after),
        (Some(('?', rest)), Some((_, after))) => fits(rest, after),
        (Some((wanted, rest)), Some((found, after))) => wanted == found && fits(rest, after),
        _ => false,
    }
}

/// A rule as the settings have it, and whether it fits on an item of this id, price and stock.
#[derive(Debug, Clone)]
struct Written {
    include: bool,
    id: Option<String>,
    below: Option<u32>,
    in_stock: Option<bool>,
}

impl Written {
    fn lines(&self) -> String {
        let id = self.id.as_ref().map(|id| format!("id = {id:?}\n")).unwrap_or_default();
        let price = self.below.map(|below| format!("price = \"<{below}\"\n")).unwrap_or_default();
        let stock = self.in_stock.map(|stock| format!("in_stock = {stock}\n")).unwrap_or_default();
        format!("[[source.rule]]\ninclude = {}\n{id}{price}{stock}", self.include)
    }

    fn fits(&self, id: &str, price: Option<u32>, in_stock: bool) -> bool {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        self.id.as_ref().is_none_or(|pattern| fits(&chars(pattern), &chars(id)))
            && self.below.is_none_or(|below| price.is_some_and(|price| price < below))
            && self.in_stock.is_none_or(|stock| stock == in_stock)
    }
}

fn written() -> impl proptest::strategy::Strategy<Value = Written> {
    let some = (prop::option::of("[ab*?/.]{1,5}"), prop::option::of(0_u32..6), prop::option::of(any::<bool>()));
    (any::<bool>(), some)
        .prop_map(|(include, (id, below, in_stock))| Written { include, id, below, in_stock })
        .prop_filter("says something", |rule| rule.id.is_some() || rule.below.is_some() || rule.in_stock.is_some())
}

proptest! {
    #[test]
    fn rules_decide_as_they_are_written(
        written in prop::collection::vec(written(), 0..5),
        id in "[ab/][ab/.]{0,4}",
        price in prop::option::of(0_u32..6),
        in_stock: bool,
    ) {
        let rules = rules(&written.iter().map(Written::lines).collect::<String>());
        let text = price.map(|price| price.to_string());
        let row = row(item(&id, "x", None, text.as_deref(), in_stock));
        let first = written.iter().position(|rule| rule.fits(&id, price, in_stock));
        let expected = first.map(|rule| Verdict { rule, include: written[rule].include });
        prop_assert_eq!(rules.decide_row(&row), expected);
        prop_assert_eq!(rules.excludes(&row), expected.filter(|verdict| !verdict.include).map(|verdict| verdict.rule));
    }
}

#[test]
fn the_example_shows_rules_that_are_right() {
    let example = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config/shelfkeeper.example.toml"));
    let (_, shown) = example.split_once("# [[source.rule]]\n").expect("a rule");
    let (shown, _) = shown.split_once("\n\n").expect("its end");
    let lines: String = shown.lines().map(|line| format!("{}\n", line.trim_start_matches("# "))).collect();
    assert_eq!(rules(&format!("[[source.rule]]\n{lines}")).iter().count(), 2);
}
