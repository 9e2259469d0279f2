//! `[[source.rule]]`: which items of the feed are left out.

use std::fmt;
use std::ops::{Bound, RangeBounds as _};

use glob::{MatchOptions, PatternError};

use super::ConfigError;
use super::names::RULE;
use super::section::Section;
use crate::catalog::{Category, Item, Money, Notation, Owner, Price, Rejection, Traits};
use crate::feed::Row;

/// What items are judged by, in order. Without any, every item counts.
#[derive(Debug, Clone, Default)]
pub struct Rules(Vec<Rule>);

/// A rule: whether items are taken on which all of its conditions fit.
#[derive(Debug, Clone)]
pub struct Rule {
    include: bool,
    // Never empty: a rule without any would fit everything, which nobody means who forgot one.
    conditions: Vec<Condition>,
}

/// What a rule says of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The rule's number; the first is 0.
    pub rule: usize,
    /// Whether the item is taken.
    pub include: bool,
}

/// One thing that an item must be.
#[derive(Debug, Clone)]
enum Condition {
    Id(Pattern),
    Title(Pattern),
    /// By the name, which is the path, or the id.
    Category(Pattern),
    Brand(Pattern),
    Price(Prices),
    InStock(bool),
}

/// A text in which `*` stands for any characters and `?` for one, `[abc]` for one of some, `{a,b}` for one text of several.
#[derive(Debug, Clone)]
struct Pattern {
    written: String,
    any: Vec<glob::Pattern>,
    is_id: bool,
}

/// Prices from one to another.
#[derive(Debug, Clone)]
struct Prices {
    written: String,
    range: (Bound<Price>, Bound<Price>),
}

impl Rules {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any of them leaves items out.
    pub fn can_exclude(&self) -> bool {
        self.0.iter().any(|rule| !rule.include)
    }

    /// The rules, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.0.iter()
    }

    /// What the first rule that fits says; `None` = none fits, and the item is taken.
    fn decide(&self, item: &Item) -> Option<Verdict> {
        let rule = self.0.iter().position(|rule| rule.fits(item))?;
        Some(Verdict { rule, include: self.0.get(rule).is_none_or(|rule| rule.include) })
    }

    /// The number of the rule that leaves a row out, if one does.
    pub fn excludes(&self, row: &Row) -> Option<usize> {
        self.decide_row(row).filter(|verdict| !verdict.include).map(|verdict| verdict.rule)
    }

    /// What they say of a row.
    pub fn decide_row(&self, row: &Row) -> Option<Verdict> {
        match row {
            Row::Offer(offer) => self.decide(&offer.item),
            Row::Rejected(rejection) => self.decide_rejected(rejection),
        }
    }

    /// What the first rule that fits says of a row that isn't taken; `None` = none fits, or it hangs on what can't be read
    /// of it. A row that is so broken that it may be another product's is nobody's to leave out.
    fn decide_rejected(&self, rejection: &Rejection) -> Option<Verdict> {
        let id = match rejection.owner() {
            _ if rejection.is_doubtful => return None,
            Owner::Item(id) => id,
            Owner::FaultyId(id) if rejection.is_duplicate() => id,
            _ => return None,
        };
        // A long one is known up to its middle.
        let title =
            rejection.cell.as_deref().and_then(|cell| cell.title.as_deref()).filter(|title| !title.ends_with('…'));
        // What rules that can't be judged would all say; a later one decides only if it says the same.
        let mut unsure = None;
        for (number, rule) in self.0.iter().enumerate() {
            let include = rule.include;
            let is_as_unsure = unsure.is_none_or(|unsure| unsure == include);
            match rule.fits_rejected(id, title, rejection.traits.as_deref()) {
                Some(true) => return is_as_unsure.then_some(Verdict { rule: number, include }),
                Some(false) => {}
                None if !is_as_unsure => return None,
                None => unsure = Some(include),
            }
        }
        None
    }

    /// Whether one of them asks for a brand.
    pub fn name_a_brand(&self) -> bool {
        let is_brand = |condition: &Condition| matches!(condition, Condition::Brand(_));
        self.0.iter().any(|rule| rule.conditions.iter().any(is_brand))
    }

    /// A rule for tests.
    #[cfg(test)]
    pub fn leaving_out_of_stock_out() -> Rules {
        Rules(vec![Rule { include: false, conditions: vec![Condition::InStock(false)] }])
    }

    pub(super) fn read(section: &Section<'_>) -> Rules {
        let rules = section.tables(&RULE);
        let rules = rules.iter().filter_map(|table| section.keep(rule(table).map(Some), || None));
        Rules(rules.collect())
    }
}

impl Rule {
    /// Whether items are taken on which it fits.
    pub fn includes(&self) -> bool {
        self.include
    }

    /// Whether all that it asks for is so.
    pub fn fits(&self, item: &Item) -> bool {
        self.conditions.iter().all(|condition| condition.fits(item))
    }

    /// Whether it fits on a row of which no more can be read; `None` = that can't be told.
    fn fits_rejected(&self, id: &str, title: Option<&str>, traits: Option<&Traits>) -> Option<bool> {
        let fits = |condition: &Condition| match condition {
            Condition::Id(pattern) => Some(pattern.fits(id)),
            Condition::Title(pattern) => title.map(|title| pattern.fits(title)),
            Condition::Category(pattern) => Some(pattern.fits_category(traits?.category.as_deref())),
            // One that can't be read is none.
            Condition::Brand(pattern) => Some(pattern.fits_brand(Some(traits?.brand.as_deref()?))),
            Condition::Price(_) | Condition::InStock(_) => None,
        };
        let all = || self.conditions.iter().map(fits);
        if all().any(|fits| fits == Some(false)) {
            Some(false)
        } else {
            all().collect::<Option<Vec<_>>>().map(|_| true)
        }
    }
}

impl Condition {
    fn fits(&self, item: &Item) -> bool {
        match self {
            Condition::Id(pattern) => pattern.fits(item.id.as_str()),
            Condition::Title(pattern) => pattern.fits(&item.title),
            Condition::Category(pattern) => pattern.fits_category(item.category.as_deref()),
            Condition::Brand(pattern) => pattern.fits_brand(item.local.brand.as_deref()),
            Condition::Price(prices) => item.price.is_some_and(|price| prices.range.contains(&price)),
            Condition::InStock(in_stock) => item.in_stock == *in_stock,
        }
    }
}

impl Pattern {
    fn fits_category(&self, category: Option<&Category>) -> bool {
        category.is_some_and(|category| {
            category.name.as_ref().is_some_and(|name| self.fits(name)) || self.fits(category.id.as_str())
        })
    }

    fn fits_brand(&self, brand: Option<&str>) -> bool {
        brand.is_some_and(|brand| self.fits(brand))
    }

    /// Of ids each letter counts; elsewhere its case doesn't.
    fn parse(text: &str, is_id: bool) -> Result<Pattern, String> {
        if text.is_empty() {
            return Err("expected a pattern, such as \"TEST-*\"".to_owned());
        }
        let wrong = |why: &str| format!("this is no pattern: {why}");
        let text_of_case = if is_id { text.to_owned() } else { text.to_lowercase() };
        let letters = letters(&text_of_case).map_err(wrong)?;
        let parsed = |letters: &Vec<Letter>| glob::Pattern::new(&plain(letters));
        let any: Result<Vec<_>, PatternError> = alternatives(&letters).map_err(wrong)?.iter().map(parsed).collect();
        Ok(Pattern { written: text.to_owned(), any: any.map_err(|error| wrong(error.msg))?, is_id })
    }

    fn fits(&self, text: &str) -> bool {
        let fits = |text: &str| self.any.iter().any(|pattern| pattern.matches_with(text, MatchOptions::new()));
        if self.is_id { fits(text) } else { fits(&text.to_lowercase()) }
    }
}

/// A letter of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Letter {
    /// Stands for itself: a backslash is before it.
    Itself(char),
    /// May stand for others.
    Other(char),
}

/// The most texts that braces may stand for.
const MOST_ALTERNATIVES: usize = 1_000;

fn letters(pattern: &str) -> Result<Vec<Letter>, &'static str> {
    let mut letters = Vec::new();
    let mut rest = pattern.chars();
    while let Some(letter) = rest.next() {
        letters.push(match letter {
            '\\' => Letter::Itself(rest.next().ok_or("nothing comes behind its last backslash")?),
            letter => Letter::Other(letter),
        });
    }
    Ok(letters)
}

/// What a pattern is without braces: one for each choice in the first of them, and so on.
fn alternatives(pattern: &[Letter]) -> Result<Vec<Vec<Letter>>, &'static str> {
    let Some(begin) = pattern.iter().position(|letter| *letter == Letter::Other('{')) else {
        let is_open = pattern.contains(&Letter::Other('}'));
        return if is_open { Err("it has a } without a {") } else { Ok(vec![pattern.to_vec()]) };
    };
    let (mut depth, mut from, mut choices) = (0_usize, begin + 1, Vec::new());
    for (at, letter) in pattern.iter().enumerate().skip(begin) {
        match letter {
            Letter::Other('{') => depth += 1,
            Letter::Other('}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        let ends = depth == 0;
        if ends || (depth == 1 && *letter == Letter::Other(',')) {
            choices.push(pattern.get(from..at).unwrap_or_default());
            from = at + 1;
        }
        if ends {
            let (head, tail) = (&pattern[..begin], &pattern[from..]);
            let mut all = Vec::new();
            for choice in choices {
                all.extend(alternatives(&[head, choice, tail].concat())?);
                if all.len() > MOST_ALTERNATIVES {
                    return Err("its braces stand for more than a thousand texts");
                }
            }
            return Ok(all);
        }
    }
    Err("it has a { without a }")
}

/// As `glob` reads it. Two stars have a meaning of their own in paths, which ids and titles are not.
fn plain(pattern: &[Letter]) -> String {
    let mut plain = String::new();
    let mut before = None;
    for letter in pattern {
        match letter {
            Letter::Itself(letter) => plain.push_str(&glob::Pattern::escape(&letter.to_string())),
            Letter::Other('*') if before == Some(Letter::Other('*')) => {}
            // Both mean all but these.
            Letter::Other('^') if before == Some(Letter::Other('[')) => plain.push('!'),
            Letter::Other(letter) => plain.push(*letter),
        }
        before = Some(*letter);
    }
    plain
}

impl Prices {
    fn parse(text: &str) -> Result<Prices, String> {
        let expected = || "expected a price such as \"<5\", \">=100\" or \"10..20\"".to_owned();
        let price = |text: &str| {
            let money = Money::read(text, Notation { dollar: None, dot_is_decimal: true }).map_err(|_| expected())?;
            if money.currency.is_some() { Err(expected()) } else { Ok(money.price) }
        };
        let bound = |text: &str| match text.trim() {
            "" => Ok(Bound::Unbounded),
            text => price(text).map(Bound::Included),
        };
        let text = text.trim();
        let range = if let Some(most) = text.strip_prefix("<=") {
            (Bound::Unbounded, Bound::Included(price(most)?))
        } else if let Some(below) = text.strip_prefix('<') {
            (Bound::Unbounded, Bound::Excluded(price(below)?))
        } else if let Some(least) = text.strip_prefix(">=") {
            (Bound::Included(price(least)?), Bound::Unbounded)
        } else if let Some(above) = text.strip_prefix('>') {
            (Bound::Excluded(price(above)?), Bound::Unbounded)
        } else {
            let (from, to) = text.split_once("..").ok_or_else(expected)?;
            (bound(from)?, bound(to)?)
        };
        match range {
            (Bound::Unbounded, Bound::Unbounded) => Err(expected()),
            (Bound::Included(from), Bound::Included(to)) if from > to => {
                Err("the first price is above the second: no price is between them".to_owned())
            }
            range => Ok(Prices { written: text.to_owned(), range }),
        }
    }
}

/// What is wrong with one condition hides nothing that is wrong with another.
fn rule(table: &Section<'_>) -> Result<Rule, ConfigError> {
    let include = table.flag("include").and_then(|include| {
        include.ok_or_else(|| {
            table.lacks(
                "include",
                "source.rule.include is missing: set it to false to leave out what the rule fits on, else to true",
            )
        })
    });
    let include = table.keep(include, || true);
    let pattern = |key, is_id| table.get(key).map(|setting| setting.parse(|text| Pattern::parse(text, is_id)));
    let given = [
        pattern("id", true).map(|id| id.map(Condition::Id)),
        pattern("title", false).map(|title| title.map(Condition::Title)),
        pattern("category", false).map(|category| category.map(Condition::Category)),
        pattern("brand", false).map(|brand| brand.map(Condition::Brand)),
        table.get("price").map(|setting| setting.parse(Prices::parse).map(Condition::Price)),
        table.flag("in_stock").transpose().map(|in_stock| in_stock.map(Condition::InStock)),
    ];
    if given.iter().all(Option::is_none) {
        let how = "set any of id, title, category, brand, price and in_stock; id = \"*\" fits on everything";
        return Err(table.error(format!("source.rule: this rule doesn't say what it fits on: {how}")));
    }
    let conditions = given.into_iter().flatten().filter_map(|given| table.keep(given.map(Some), || None));
    Ok(Rule { include, conditions: conditions.collect() })
}

impl fmt::Display for Rules {
    /// The same for rules that judge alike, and another text for others.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|rule| writeln!(f, "{} {rule}", rule.include))
    }
}

impl fmt::Display for Rule {
    /// What it asks for, as the settings write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, condition) in self.conditions.iter().enumerate() {
            let between = if number > 0 { ", " } else { "" };
            write!(f, "{between}{condition}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Id(pattern) => write!(f, "id = {:?}", pattern.written),
            Condition::Title(pattern) => write!(f, "title = {:?}", pattern.written),
            Condition::Category(pattern) => write!(f, "category = {:?}", pattern.written),
            Condition::Brand(pattern) => write!(f, "brand = {:?}", pattern.written),
            Condition::Price(prices) => write!(f, "price = {:?}", prices.written),
            Condition::InStock(in_stock) => write!(f, "in_stock = {in_stock}"),
        }
    }
}
