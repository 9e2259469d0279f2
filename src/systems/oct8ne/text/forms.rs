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
/// Swedish, Danish and Norwegian colours, as they are said of things without a gender.
const NORDIC: [(&str, &str); 7] = [
    ("blatt", "bla"),
    ("gratt", "gra"),
    ("hvidt", "hvid"),
    ("hvitt", "hvit"),
    ("rodt", "rod"),
    ("rott", "rod"),
    ("vitt", "vit"),
];
/// Stems of French adjectives, as they are said of women, and of men.
const FRENCH: [(&str, &str); 12] = [
    ("bel", "beau"),
    ("blanch", "blanc"),
    ("douc", "doux"),
    ("epaiss", "epais"),
    ("fauss", "faux"),
    ("gross", "gros"),
    ("longu", "long"),
    ("neuv", "neuf"),
    ("nouvel", "nouveau"),
    ("rouss", "roux"),
    ("sech", "sec"),
    ("vieil", "vieux"),
];

/// Endings that another form has in the place of theirs; the words are folded.
fn endings(language: &str) -> &'static [(&'static str, &'static str)] {
    match language {
        // Knife, shelf, lens.
        "en" => &[("ves", "fe"), ("ves", "f"), ("ses", "s")],
        // Luz.
        "es" => &[("ces", "z")],
        // Avião, pão, mão; animal, papel, lençol, azul, barril, jardim.
        "pt" => &[
            ("oes", "ao"),
            ("aes", "ao"),
            ("aos", "ao"),
            ("ais", "al"),
            ("eis", "el"),
            ("ois", "ol"),
            ("uis", "ul"),
            ("is", "il"),
            ("ns", "m"),
        ],
        // Bus, Kürbis, Ergebnis; Firmen, Themen, Aromen, Museen, Aquarien, Alben, Zentren.
        "de" => &[
            ("busse", "bus"),
            ("bussen", "bus"),
            ("bisse", "bis"),
            ("bissen", "bis"),
            ("nisse", "nis"),
            ("nissen", "nis"),
            ("irma", "irmen"),
            ("hema", "hemen"),
            ("roma", "romen"),
            ("eum", "een"),
            ("ium", "ien"),
            ("lbum", "lben"),
            ("ntrum", "ntren"),
        ],
        // Punaiset, hevoset, puhelimet, pakastimet, avaimet, renkaat, hampaat, altaat, portaat.
        "fi" => &[
            ("inen", "iset"),
            ("onen", "oset"),
            ("lin", "limet"),
            ("tin", "timet"),
            ("avain", "avaimet"),
            ("ngas", "nkaat"),
            ("mmas", "mpaat"),
            ("llas", "ltaat"),
            ("rras", "rtaat"),
        ],
        // Sko: what is left has too few letters for other rules.
        "sv" | "da" | "no" | "nb" | "nn" => &[("rna", ""), ("rne", ""), ("ene", ""), ("r", "")],
        _ => &[],
    }
}

/// A word as it would be without what its form changes, before its ending is taken off; it is folded.
pub(super) fn others(language: &str, word: &str) -> Vec<String> {
    // Mais isn't the plural of mal, nor tons that of a tomada.
    let least = |other: &str| if language == "pt" && other.ends_with(['l', 'm']) { 4 } else { 3 };
    let mut others: Vec<String> = endings(language)
        .iter()
        .filter_map(|(ending, other)| Some(word.strip_suffix(ending)?.to_owned() + other))
        .filter(|other| other.chars().count() >= least(other))
        .collect();
    match language {
        "en" => others.extend(as_whole(word, &ENGLISH)),
        "nl" => others.extend(lengthened(word)),
        "sv" | "da" | "no" | "nb" | "nn" => others.extend(as_whole(word, &NORDIC)),
        _ => {}
    }
    others
}

/// What forms have in common whose stem changes; it is folded.
pub(super) fn changed(language: &str, stem: &str) -> Vec<String> {
    match language {
        // Vazen and vaas, brieven and brief.
        "nl" => with_end(stem, &[("z", "s"), ("v", "f")]),
        "fi" => [graded(stem), softened(stem)].concat(),
        // Jeux and jeu, bijoux, choux, genoux.
        "fr" => {
            let plurals = [("eux", "eu"), ("joux", "jou"), ("choux", "chou"), ("noux", "nou")];
            [with_end(stem, &plurals), as_whole(stem, &FRENCH)].concat()
        }
        // Mese and masă; floare and flori, but not doar and dori.
        "ro" => {
            let mut forms = with_end(stem, &[("oar", "or")]);
            forms.retain(|form| form.chars().count() > 3);
            forms.extend(with_last_vowel(stem, 'e', &["a"]));
            forms
        }
        "sv" | "da" | "no" | "nb" | "nn" => shortened(stem),
        // Стіл and столи, піч and печі; кошик and подарок below.
        "uk" => [with_last_vowel(stem, 'і', &["о", "е"]), without_fleeting(stem)].concat(),
        "ru" | "be" | "bg" => without_fleeting(stem),
        _ => Vec::new(),
    }
}

fn as_whole(word: &str, forms: &[(&str, &str)]) -> Vec<String> {
    forms.iter().filter(|(one, _)| *one == word).map(|(_, other)| (*other).to_owned()).collect()
}

/// Tas and tassen: a consonant behind a short vowel is doubled before an ending, which tells it from a long one.
fn lengthened(word: &str) -> Option<String> {
    let letters: Vec<char> = word.chars().collect();
    match letters.as_slice() {
        [.., before, vowel, last] if !is_vowel(*before) && is_vowel(*vowel) && !is_vowel(*last) => {
            Some(format!("{word}{last}en"))
        }
        _ => None,
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

/// Pöytä and pöydät: the weak grade of a single letter. The vowel behind it stays: without it, too many words are alike.
fn softened(stem: &str) -> Vec<String> {
    let letters: Vec<char> = stem.chars().collect();
    match letters.as_slice() {
        [head @ .., before, 't', last] if !head.is_empty() && is_vowel(*before) && is_vowel(*last) => {
            vec![head.iter().chain([before, &'d', last]).collect()]
        }
        _ => Vec::new(),
    }
}

/// Nyckel and nycklar, sykkel and sykler: without the vowel before the last letter, and with one consonant for two.
fn shortened(stem: &str) -> Vec<String> {
    let letters: Vec<char> = stem.chars().collect();
    match letters.as_slice() {
        [head @ .., before, 'e', 'l'] if head.len() >= 2 && !is_vowel(*before) => {
            let mut forms: Vec<String> = vec![head.iter().chain([before, &'l']).collect()];
            if head.len() >= 3 && head.last() == Some(before) {
                forms.push(head.iter().chain([&'l']).collect());
            }
            forms
        }
        _ => Vec::new(),
    }
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

/// Подарок and подарки, кружек and кружка, палец and пальцы: without the vowel before the last consonant.
fn without_fleeting(stem: &str) -> Vec<String> {
    let letters: Vec<char> = stem.chars().collect();
    match letters.as_slice() {
        [head @ .., before, 'о' | 'е', last] if head.len() >= 2 && !is_vowel(*before) && !is_vowel(*last) => {
            let mut forms: Vec<String> = vec![head.iter().chain([before, last]).collect()];
            if (*before, *last) == ('л', 'ц') {
                forms.push(head.iter().chain([before, &'ь', last]).collect());
            }
            forms
        }
        _ => Vec::new(),
    }
}

fn is_vowel(letter: char) -> bool {
    "aeiouyаеиоуыэюяіїє".contains(letter)
}
