//! What waits for a proof of the feed's end.

use crate::pass::{Headline, Standing};
use crate::systems::catalog::store::Unproven;
use crate::text::count;

/// What waits.
fn what(unproven: &Unproven) -> String {
    let deletions = Some(unproven.objects).filter(|n| *n > 0).map(|n| count(n, "deletion", "deletions"));
    let row = unproven.is_last_row_left.then(|| "the feed's last row".to_owned());
    deletions.into_iter().chain(row).collect::<Vec<_>>().join(" and ")
}

/// A headline of all being well says what isn't yet.
pub(super) fn but_for(unproven: &Unproven, headline: Headline) -> Headline {
    let waits = format!("{}, until the feed's end is proven ({})", what(unproven), unproven.because);
    let text = match headline.state {
        Standing::Equal => format!("Equal but for {waits}."),
        Standing::Rows => format!("{}, and {waits}.", headline.text.trim_end_matches('.')),
        _ => return headline,
    };
    Headline { state: Standing::Rows, text, ..headline }
}

/// What waits, why, and what to do.
pub(super) fn line(unproven: &Unproven) -> String {
    format!(
        "Waiting: {}, as nothing proves that the feed is whole: {}. It is done as soon as the feed comes with its \
         length (Content-Length, or chunked) or compressed, or its file has been left alone for 10 s.",
        what(unproven),
        unproven.because
    )
}
