//! Forms of words that change within, which rules for endings alone don't bring together: "knives", "luces", "aviões",
//! "kengät", "стіл".
//!
//! What is given here counts beside the stems that a word has: it may say too much, and never takes anything away.

/// English nouns that form their plural by none of the rules.
const ENGLISH: [(&str, &str); 9] = [
    ("men", "man"),
    ("women", "woman"),
    ("children", "child"),
    ("people", "person"),
    ("feet", "foot"),
    ("teeth", "tooth"),
    ("mice", "mouse"),
    ("geese", "goose"),
    ("dice", "die"),
];

/// Endings that another form has in the place of theirs; the words are folded.
fn endings(language: &str) -> &'static [(&'static str, &'static str)] {
    match language {
        // Knife, shelf.
        "en" => &[("ves", "fe"), ("ves", "f")],
        // Luz.
        "es" => &[("ces", "z")],
        // Avião, pão, mão.
        "pt" => &[("oes", "ao"), ("aes", "ao"), ("aos", "ao")],
        // Sko: what is left has too few letters for other rules.
        "sv" | "da" | "no" | "nb" | "nn" => &[("rna", ""), ("rne", ""), ("ene", ""), ("r", "")],
        _ => &[],
    }
}

/// A word as it would be without what its form changes, before its ending is taken off; it is folded.
pub(super) fn others(language: &str, word: &str) -> Vec<String> {
    let mut others: Vec<String> = endings(language)
        .iter()
        .filter_map(|(ending, other)| Some(word.strip_suffix(ending)?.to_owned() + other))
        .filter(|other| other.chars().count() >= 3)
        .collect();
    if language == "en"
        && let Some((_, one)) = ENGLISH.iter().find(|(many, _)| *many == word)
    {
        others.push((*one).to_owned());
    }
    others
}

/// What forms have in common whose stem changes; it is folded.
pub(super) fn changed(language: &str, stem: &str) -> Vec<String> {
    match language {
        // Vazen and vaas, brieven and brief.
        "nl" => with_end(stem, &[("z", "s"), ("v", "f")]),
        "fi" => graded(stem),
        // Mese and masă.
        "ro" => with_last_vowel(stem, 'e', &["a"]),
        // Стіл and столи, піч and печі; кошик and подарок below.
        "uk" => [with_last_vowel(stem, 'і', &["о", "е"]), without_fleeting(stem)].concat(),
        "ru" | "be" | "bg" => without_fleeting(stem),
        _ => Vec::new(),
    }
}

fn with_end(stem: &str, ends: &[(&str, &str)]) -> Vec<String> {
    ends.iter().filter_map(|(end, other)| Some(stem.strip_suffix(end)?.to_owned() + other)).collect()
}

/// Kenkä and kengät, matto and matot: the weak grade of the last consonants, without the vowels behind them.
fn graded(stem: &str) -> Vec<String> {
    const GRADES: [(&str, &str); 9] = [
        ("nk", "ng"),
        ("kk", "k"),
        ("pp", "p"),
        ("tt", "t"),
        ("nt", "nn"),
        ("lt", "ll"),
        ("rt", "rr"),
        ("mp", "mm"),
        ("ht", "hd"),
    ];
    let body = stem.trim_end_matches(['a', 'e', 'i', 'o', 'u', 'y']);
    if body.chars().count() < 3 {
        return Vec::new();
    }
    vec![with_end(body, &GRADES).pop().unwrap_or_else(|| body.to_owned())]
}

/// A stem with other vowels in the place of its last one, if that is this one and consonants follow.
fn with_last_vowel(stem: &str, vowel: char, others: &[&str]) -> Vec<String> {
    let Some((at, last)) = stem.char_indices().rev().find(|(_, letter)| is_vowel(*letter)) else { return Vec::new() };
    let (head, tail) = (&stem[..at], &stem[at + last.len_utf8()..]);
    if last != vowel || tail.is_empty() || head.is_empty() {
        return Vec::new();
    }
    others.iter().map(|other| format!("{head}{other}{tail}")).collect()
}

/// Подарок and подарки, кружек and кружка: without the vowel before the last consonant.
fn without_fleeting(stem: &str) -> Vec<String> {
    let letters: Vec<char> = stem.chars().collect();
    match letters.as_slice() {
        [head @ .., before, 'о' | 'е', last] if head.len() >= 2 && !is_vowel(*before) && !is_vowel(*last) => {
            vec![head.iter().chain([before, last]).collect()]
        }
        _ => Vec::new(),
    }
}

fn is_vowel(letter: char) -> bool {
    "aeiouyаеиоуыэюяіїє".contains(letter)
}
