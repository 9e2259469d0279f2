//! What somebody meant who wrote a name that there isn't.

/// How many letters may be wrong in a name of so many.
fn most_wrong(name: &str) -> usize {
    (name.chars().count() / 3).clamp(1, 3)
}

/// The name among those that there are that is most like one that there isn't, if any is.
pub(super) fn meant<'n>(name: &str, among: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' '], "_");
    let written = plain(name);
    let likely = among.into_iter().map(|known| (strsim::damerau_levenshtein(&written, &plain(known)), known));
    let (wrong, known) = likely.min_by_key(|(wrong, _)| *wrong)?;
    (wrong <= most_wrong(known)).then_some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_understood_and_other_words_are_not() {
        let known = ["location", "schedule", "timeout", "max_bytes", "type"];
        for (name, expected) in [
            ("shedule", Some("schedule")),
            ("Schedule", Some("schedule")),
            ("max-bytes", Some("max_bytes")),
            ("timout", Some("timeout")),
            ("tpye", Some("type")),
            ("url", None),
            ("concurrency", None),
        ] {
            assert_eq!(meant(name, known), expected, "{name}");
        }
        assert_eq!(meant("a", []), None);
    }
}
