//! The languages that Oct8ne's customers are written to in.

/// Their codes; the table of how money is written has the same, which a test there holds.
pub const LANGUAGES: &str = "\
    af am ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fil fo fr fy ga gl gu he hi hr hu hy id is it \
    ja ka kk km kn ko ky lb lo lt lv mk ml mn mr ms mt my nb ne nl nn no pa pl pt ro ru si sk sl sq sr sv sw ta te \
    th tr uk ur uz vi zh zu";

/// Codes by which some of them were called once.
pub const OLD: [(&str, &str); 3] = [("iw", "he"), ("in", "id"), ("tl", "fil")];

/// Whether prices can be written in a language.
pub(super) fn is_known(language: &str) -> bool {
    let language = language.to_ascii_lowercase();
    OLD.iter().any(|(old, _)| *old == language) || LANGUAGES.split(' ').any(|known| known == language)
}
