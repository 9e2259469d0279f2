//! What to do about a rejected row, for whoever keeps the shop: a table by fault.

use super::Rejection;

/// A fault, known by what its reason has in it.
struct Fault {
    /// In every reason of this fault, and in none of those before it.
    mark: &'static str,
    advice: Advice,
}

enum Advice {
    Text(&'static str),
    /// Both readings of a price.
    Readings,
    /// The other row.
    Duplicate,
}

const fn fault(mark: &'static str, advice: &'static str) -> Fault {
    Fault { mark, advice: Advice::Text(advice) }
}

const CLOSE: &str = "Close this element, and escape & and < in texts";
const CUT: &str = "Write the row anew: cells are missing, too many, or run into each other";

/// Every fault that a feed's reader finds; of several that fit a reason the first counts.
const FAULTS: &[Fault] = &[
    Fault { mark: "same id as ", advice: Advice::Duplicate },
    Fault { mark: "as thousands or as decimals", advice: Advice::Readings },
    fault("no id", "Give the row an id of its own"),
    fault("cannot be part of an address", "Give the row an id of letters and digits"),
    fault("a line end or a tab in the id", "Take the line end or the tab out of the id, and quote cells that have one"),
    fault("its id is longer than", "Look for a quote or a tag that isn't closed before it"),
    fault("a quote or a tag in its id", "Write the id without quotes and tags"),
    fault("half a tag in its id", "Write the id without < and >"),
    fault("its id can't be read", "Write the id in letters of the file's encoding (UTF-8)"),
    fault("an entity in it that nobody knows", "Write &amp; for & in the id"),
    fault("no title", "Give the product a title"),
    fault("no name", "Give the product a name"),
    fault("no currency of ISO 4217", "Write the currency as its code of three letters, such as 12.50 USD"),
    fault("named twice, and differently", "Name one currency, in one place of the price"),
    fault("is below zero", "Write the price that people pay, without a sign"),
    fault("has too many digits", "Write the price with two decimals"),
    fault("is not a number", "Write a number alone (a price with its currency: 12.50 USD)"),
    fault("is neither true nor false", "Write true or false there, or how many there are in quantity_in_stock"),
    fault("its path is longer than", "Shorten the category's path"),
    fault("the categories before it take", "Check the category column: it has another text in nearly every row"),
    fault(
        "the element of its category, or of one above it, is broken",
        "Mend the element of the category at the top of the feed",
    ),
    fault("a letter in it can't be read", "Save the feed as UTF-8, and write the value anew"),
    fault("a quote in a value that can't have one", "Take the quote out, or double it: \"\""),
    fault("its quotes can't be made out", "Close the quotes of its cells, and double those inside: \"\""),
    fault("the file ends inside the quotes", "Close the quotes of the row before"),
    fault("the next line seems to be the rest of it", CUT),
    fault("cells where the header has", CUT),
    fault("another row stands behind the one before", "Put a line end between the two rows"),
    fault("its texts take more than", "Shorten the texts: they are far beyond a page"),
    fault("its element is longer than", "Look for an end tag that is missing, or shorten it"),
    fault("is probably meant to be", "Correct the attribute's name"),
    fault("stands in the broken element of", "Mend the element before it: its end tag is missing or broken"),
    fault("stands in its broken element", "Mend the element: an end tag and a start tag are missing inside"),
    fault("another one stands in its element", "Put an end tag and a start tag between the two products"),
    fault("markup where a value should be", "Write the value alone, without tags"),
    fault("half a tag in it", "Write &lt; for <, or take it out"),
    fault("a CDATA section", "Close the CDATA section with ]]>"),
    fault("a comment in it", "Close the comment with -->"),
    fault("a processing instruction", "Close it with ?>, or take it out"),
    fault("its description is not closed", "Close the description's element"),
    fault("is not closed", CLOSE),
    fault("ends nothing", "Take this end tag out, or write its start tag"),
    fault("its end tag is broken", "Write its end tag anew"),
    fault("its start tag is broken", "Write its start tag anew, quotes included"),
    fault("can't be told", "Close the quotes of the attribute"),
    fault("text between its elements", "Put the text into an element, or take it out: a tag beside it may be broken"),
    fault("broken markup", "Write the element anew: &amp; for &, &lt; for <"),
    fault("nested deeper than", "Take the nested elements out: one may not be closed"),
    fault("has more than", "Take attributes out that nobody reads"),
    fault("more than", "Take elements out that nobody reads: one may not be closed"),
];

fn fault_of(rejection: &Rejection) -> Option<&'static Fault> {
    FAULTS.iter().find(|fault| rejection.reason.contains(fault.mark))
}

impl Rejection {
    /// What to do about it.
    pub fn advice(&self) -> String {
        match fault_of(self).map(|fault| &fault.advice) {
            Some(Advice::Text(text)) => (*text).to_owned(),
            Some(Advice::Readings) => readings(self),
            Some(Advice::Duplicate) => match self.first {
                Some(first) => format!("Give it an id of its own, or take it out: line {first} counts"),
                None => "Give it an id of its own, or take it out: an earlier row counts".to_owned(),
            },
            None => "Write the row anew".to_owned(),
        }
    }

    /// Whether something better can be said than to write the row anew.
    pub fn is_advised(&self) -> bool {
        fault_of(self).is_some()
    }
}

/// Both readings of a price, and how to write the likelier one.
fn readings(rejection: &Rejection) -> String {
    let quoted = || rejection.reason.split('"').nth(1);
    let text = rejection.cell.as_ref().and_then(|cell| cell.value.as_deref()).or_else(quoted).unwrap_or_default();
    let Some((before, after)) = text.split_once(['.', ',']) else { return "Write the price as 1234.00 USD".to_owned() };
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let word: String = text.chars().filter(|c| !c.is_ascii_digit() && !matches!(c, '.' | ',')).collect();
    let (whole, part, word) = (digits(before), digits(after), word.trim());
    let currency = if word.is_empty() { String::new() } else { format!(" {word}") };
    format!("Could be {whole}{part} or {whole}.{part}: write {whole}{part}.00{currency}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Cell;

    #[test]
    fn an_ambiguous_price_has_both_readings() {
        let price = |text: &str, cell: bool| {
            let reason = format!("{text:?} can be read as thousands or as decimals");
            let rejection = Rejection::new(2, Some("1".to_owned()), "price", reason);
            let value = cell.then(|| text.to_owned());
            rejection.of_cell(Cell { value, ..Cell::default() }).advice()
        };
        assert_eq!(price("1.234 USD", true), "Could be 1234 or 1.234: write 1234.00 USD");
        assert_eq!(price("€1,234", false), "Could be 1234 or 1.234: write 1234.00 €");
        assert_eq!(price("12,345", true), "Could be 12345 or 12.345: write 12345.00");
    }

    /// A fault whose mark is in an earlier one's would never be found.
    #[test]
    fn every_fault_can_be_found() {
        for (at, fault) in FAULTS.iter().enumerate() {
            let before = FAULTS[..at].iter().find(|earlier| fault.mark.contains(earlier.mark));
            assert!(before.is_none(), "{:?} hides {:?}", before.map(|fault| fault.mark), fault.mark);
        }
    }
}
