//! Words as search takes them: letters and digits apart, in lower case, without accents; and their forms.

use rust_stemmers::{Algorithm, Stemmer};

use super::fold::{Folder, is_unseen};
use super::forms::{changed, others};
use super::order::Order;

/// Letters of a word that count.
const LONGEST: usize = 40;

/// Letters of their own that some programs write as another one with an accent.
const APART: [(&str, &str); 2] = [("и\u{306}", "й"), ("і\u{308}", "ї")];

/// Takes texts apart.
pub(in crate::systems::oct8ne) struct Analyser {
    folder: Folder,
    languages: Vec<String>,
    /// Of those that have rules.
    stemmers: Vec<(String, Stemmer)>,
    /// Some language has no rules for its forms: their endings are taken off.
    has_endings: bool,
    /// The same of those that may be near to Latin.
    has_plurals: bool,
    order: Order,
}

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::systems::oct8ne) struct Word {
    /// As it counts.
    pub(in crate::systems::oct8ne) folded: String,
    /// What its forms have in common, in each language; none for numbers.
    pub(in crate::systems::oct8ne) stems: Vec<String>,
}

/// Endings that languages without rules of ours have, the longest first.
const CYRILLIC: [&str; 36] = [
    "ового",
    "ою",
    "ею",
    "ами",
    "ями",
    "ого",
    "ому",
    "ему",
    "ими",
    "ової",
    "ах",
    "ях",
    "ам",
    "ям",
    "ів",
    "ів",
    "ев",
    "ов",
    "ій",
    "ий",
    "их",
    "им",
    "ої",
    "ую",
    "юю",
    "ії",
    "а",
    "я",
    "и",
    "і",
    "ї",
    "у",
    "ю",
    "е",
    "о",
    "ь",
];
const LATIN: [&str; 27] = [
    "ornas", "arnas", "orna", "arna", "ami", "ach", "ymi", "ego", "emu", "iej", "ens", "ets", "ow", "om", "em", "ou",
    "an", "en", "et", "or", "ar", "er", "a", "e", "i", "y", "o",
];
/// Endings of the plural in languages that are near to Latin, and in English words of others.
const PLURALS: [&str; 5] = ["es", "as", "os", "is", "s"];

impl Analyser {
    /// For texts in these languages, whose names are in the order of an alphabet.
    pub(in crate::systems::oct8ne) fn new(languages: &[String], alphabet: &str) -> Analyser {
        let (mut has_endings, mut has_plurals) = (false, false);
        let mut stemmers = Vec::new();
        for language in languages {
            match algorithm(language) {
                Some(algorithm) => stemmers.push((language.clone(), Stemmer::create(algorithm))),
                None => (has_endings, has_plurals) = (true, true),
            }
            // Their rules leave some definite forms alone.
            has_endings |= matches!(language.as_str(), "sv" | "da" | "no" | "nb" | "nn");
        }
        Analyser {
            folder: Folder::new(),
            languages: languages.to_vec(),
            stemmers,
            has_endings,
            has_plurals,
            order: Order::of(alphabet),
        }
    }

    /// The words of a text, in their order.
    pub(in crate::systems::oct8ne) fn words(&self, text: &str, mut each: impl FnMut(Word)) {
        tokens(text, |raw, is_number| each(self.word(raw, is_number)));
    }

    /// What one of [`tokens`] counts as.
    pub(in crate::systems::oct8ne) fn word(&self, raw: &str, is_number: bool) -> Word {
        let mut raw: String = raw.to_lowercase().chars().take(LONGEST).collect();
        for (apart, letter) in APART {
            if raw.contains(apart) {
                raw = raw.replace(apart, letter);
            }
        }
        let folded = self.folder.folded(&raw);
        let mut stems = Vec::new();
        if !is_number {
            self.stems(&raw, &folded, &mut stems);
            stems.sort_unstable();
            stems.dedup();
        }
        Word { folded, stems }
    }

    fn stems(&self, raw: &str, folded: &str, stems: &mut Vec<String>) {
        for (language, stemmer) in &self.stemmers {
            // Also as it would be written by who has no accents at hand.
            stems.push(self.folder.folded(&stemmer.stem(raw)));
            stems.push(self.folder.folded(&stemmer.stem(folded)));
            stems.extend(others(language, folded).iter().map(|other| self.folder.folded(&stemmer.stem(other))));
        }
        if self.has_endings {
            stems.push(without_ending(folded).to_owned());
        }
        if self.has_plurals {
            stems.push(without(folded, &PLURALS, 4).to_owned());
        }
        for language in &self.languages {
            let more: Vec<String> = stems.iter().flat_map(|stem| changed(language, stem)).collect();
            stems.extend(more);
        }
    }

    /// What names are put in order by.
    pub(in crate::systems::oct8ne) fn name_key(&self, name: &str) -> String {
        self.order.key(name)
    }

    /// A text as it counts as a whole: codes and ids.
    pub(in crate::systems::oct8ne) fn folded(&self, text: &str) -> String {
        self.folder.folded(text.trim())
    }
}

/// Gives the words of a text to `each`, as they stand there, and whether they are numbers.
pub(in crate::systems::oct8ne) fn tokens(text: &str, mut each: impl FnMut(&str, bool)) {
    let mut raw = String::new();
    let mut kind = None;
    for letter in text.chars().filter(|letter| !is_unseen(*letter)).chain([' ']) {
        let of = kind_of(letter);
        if of == Some(Kind::Mark) && raw.is_empty() {
            continue;
        }
        if of != kind && !raw.is_empty() && of != Some(Kind::Mark) {
            each(&raw, kind == Some(Kind::Digit));
            raw.clear();
        }
        if of != Some(Kind::Mark) {
            kind = of;
        }
        if of.is_some() && raw.len() < 4 * LONGEST {
            raw.push(letter);
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letter,
    Digit,
    /// Belongs to the letter before it; without one it is nothing.
    Mark,
}

fn kind_of(letter: char) -> Option<Kind> {
    match letter {
        '\u{300}'..='\u{36f}' => Some(Kind::Mark),
        // Apostrophes, which Unicode counts as letters; others are written in their place.
        '\u{2b9}'..='\u{2bc}' | '\u{374}' => None,
        _ if letter.is_numeric() => Some(Kind::Digit),
        _ if letter.is_alphabetic() => Some(Kind::Letter),
        _ => None,
    }
}

fn algorithm(language: &str) -> Option<Algorithm> {
    Some(match language {
        "da" => Algorithm::Danish,
        "de" => Algorithm::German,
        "en" => Algorithm::English,
        "es" => Algorithm::Spanish,
        "fi" => Algorithm::Finnish,
        "fr" => Algorithm::French,
        "hu" => Algorithm::Hungarian,
        "it" => Algorithm::Italian,
        "nl" => Algorithm::Dutch,
        "no" | "nb" | "nn" => Algorithm::Norwegian,
        "pt" => Algorithm::Portuguese,
        "ro" => Algorithm::Romanian,
        "ru" => Algorithm::Russian,
        "sv" => Algorithm::Swedish,
        _ => return None,
    })
}

/// A word without what looks like an ending; at least three letters stay.
fn without_ending(word: &str) -> &str {
    let is_latin = word.bytes().next().is_some_and(|byte| byte.is_ascii());
    if is_latin { without(word, &LATIN, 4) } else { without(word, &CYRILLIC, 3) }
}

/// A word without the first of some endings that leaves so many letters.
fn without<'w>(word: &'w str, endings: &[&str], least: usize) -> &'w str {
    let rest = |ending: &&str| word.strip_suffix(*ending).filter(|rest| rest.chars().count() >= least);
    endings.iter().find_map(rest).unwrap_or(word)
}

/// Whether two words differ by no more than so many typos: a letter wrong, missing, too many, or two swapped. The
/// first letter must be right.
pub(in crate::systems::oct8ne) fn is_near(word: &[char], other: &[char], most: usize) -> bool {
    if word.first() != other.first() || word.len().abs_diff(other.len()) > most {
        return false;
    }
    let width = other.len() + 1;
    let (mut before, mut last, mut now) = (vec![0; width], (0..width).collect::<Vec<usize>>(), vec![0; width]);
    for (at, letter) in word.iter().enumerate() {
        now[0] = at + 1;
        let mut least = now[0];
        for (place, theirs) in other.iter().enumerate() {
            let is_same = usize::from(letter != theirs);
            let mut cost = (last[place] + is_same).min(last[place + 1] + 1).min(now[place] + 1);
            if at > 0 && place > 0 && word[at - 1] == *theirs && *letter == other[place - 1] {
                cost = cost.min(before[place - 1] + 1);
            }
            now[place + 1] = cost;
            least = least.min(cost);
        }
        if least > most {
            return false;
        }
        std::mem::swap(&mut before, &mut last);
        std::mem::swap(&mut last, &mut now);
    }
    last[width - 1] <= most
}

/// How many typos a word may have.
pub(in crate::systems::oct8ne) fn typos(letters: usize) -> usize {
    match letters {
        ..5 => 0,
        5..9 => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(languages: &[&str], text: &str) -> Vec<Word> {
        let languages: Vec<String> = languages.iter().map(ToString::to_string).collect();
        let mut found = Vec::new();
        Analyser::new(&languages, "en").words(text, |word| found.push(word));
        found
    }

    #[test]
    fn letters_and_digits_stand_apart() {
        let folded: Vec<String> =
            words(&["en"], "Bottle, 500ml É-1 e\u{301}t").into_iter().map(|word| word.folded).collect();
        assert_eq!(folded, ["bottle", "500", "ml", "e", "1", "et"]);
        let apart = [&words(&["uk"], "Чаи\u{306} Ї\u{301}жак")[..], &words(&["uk"], "І\u{308}жак")].concat();
        let folded: Vec<&str> = apart.iter().map(|word| word.folded.as_str()).collect();
        assert_eq!(folded, ["чай", "їжак", "їжак"]);
    }

    #[test]
    fn what_is_not_seen_is_no_part_of_a_word() {
        let plain = words(&["de"], "Waschmaschinen");
        for text in ["Wasch\u{ad}maschinen", "Wasch\u{200b}maschine\u{200d}n", "\u{feff}Wasch\u{2060}maschinen"] {
            assert_eq!(words(&["de"], text), plain, "{text:?}");
        }
        let mint = words(&["uk"], "м'ята");
        for text in ["м’ята", "м\u{2bc}ята", "м\u{2bb}ята", "м\u{2b9}ята"] {
            assert_eq!(words(&["uk"], text), mint, "{text}");
        }
        assert_eq!(words(&["en"], "\u{301} lamp \u{301}\u{302}"), words(&["en"], "lamp"));
        assert_eq!(words(&["en"], "\u{301}lamp"), words(&["en"], "lamp"));
    }

    proptest! {
        #[test]
        fn no_word_is_empty(text in "[a1İß\u{2bc}\u{301}\u{308}\u{ad}\u{200b} .]{0,12}|\\PC{0,12}") {
            for word in words(&["en", "uk", "ca"], &text) {
                prop_assert!(!word.folded.is_empty(), "{:?}", text);
            }
        }
    }

    const FORMS: &[(&str, &str, &str)] = &[
        ("en", "lamps", "lamp"),
        ("es", "camiones", "camion"),
        ("de", "lampen", "lampe"),
        ("ru", "лампы", "лампами"),
        ("uk", "лампи", "лампою"),
        ("uk", "книга", "книги"),
        ("sv", "väskan", "väska"),
        ("ca", "llums", "llum"),
        ("ca", "sabates", "sabata"),
        ("en", "knives", "knife"),
        ("en", "shelves", "shelf"),
        ("en", "children", "child"),
        ("es", "luces", "luz"),
        ("es", "lápices", "lápiz"),
        ("pt", "aviões", "avião"),
        ("pt", "pães", "pão"),
        ("sv", "skor", "sko"),
        ("sv", "skorna", "skor"),
        ("nl", "vazen", "vaas"),
        ("nl", "brieven", "brief"),
        ("fi", "kengät", "kenkä"),
        ("fi", "matot", "matto"),
        ("ro", "mese", "masă"),
        ("uk", "стіл", "столами"),
        ("uk", "піч", "печі"),
        ("ru", "подарок", "подарки"),
        ("ru", "кружек", "кружка"),
        ("nl", "tassen", "tas"),
        ("nl", "flessen", "fles"),
        ("nl", "brillen", "bril"),
        ("nl", "matrassen", "matras"),
        ("nl", "snelle", "snel"),
        ("pt", "papéis", "papel"),
        ("pt", "animais", "animal"),
        ("pt", "móveis", "móvel"),
        ("pt", "lençóis", "lençol"),
        ("pt", "azuis", "azul"),
        ("pt", "infantis", "infantil"),
        ("pt", "jardins", "jardim"),
        ("pt", "homens", "homem"),
        ("sv", "nyckel", "nycklar"),
        ("sv", "möbel", "möbler"),
        ("sv", "cykel", "cyklar"),
        ("sv", "rött", "röd"),
        ("sv", "vitt", "vit"),
        ("nb", "sykkel", "sykler"),
        ("nb", "nøkkel", "nøklene"),
        ("da", "møbel", "møbler"),
        ("da", "rødt", "rød"),
        ("fr", "blanches", "blanc"),
        ("fr", "jeux", "jeu"),
        ("fr", "bijoux", "bijou"),
        ("fr", "longue", "long"),
        ("fr", "sèche", "sec"),
        ("fr", "douce", "doux"),
        ("fr", "neuve", "neuf"),
        ("fr", "belle", "beau"),
        ("fi", "pöytä", "pöydät"),
        ("fi", "paita", "paidat"),
        ("fi", "punainen", "punaiset"),
        ("fi", "avain", "avaimet"),
        ("fi", "puhelin", "puhelimet"),
        ("fi", "rengas", "renkaat"),
        ("en", "lenses", "lens"),
        ("en", "buses", "bus"),
        ("en", "canvases", "canvas"),
        ("de", "Busse", "Bus"),
        ("de", "Kürbisse", "Kürbis"),
        ("de", "Firma", "Firmen"),
        ("de", "Museum", "Museen"),
        ("de", "Alben", "Album"),
        ("ro", "floare", "flori"),
        ("ro", "covor", "covoare"),
        ("ro", "ușoară", "ușor"),
        ("ru", "палец", "пальцы"),
        ("uk", "палець", "пальці"),
    ];

    #[test]
    fn forms_have_a_stem_in_common() {
        for &(language, one, other) in FORMS {
            let (one, other) = (&words(&[language], one)[0].stems, &words(&[language], other)[0].stems);
            assert!(one.iter().any(|stem| other.contains(stem)), "{language}: {one:?} {other:?}");
        }
    }

    #[test]
    fn other_words_have_none_in_common() {
        for (language, one, other) in [
            ("nl", "maan", "mannen"),
            ("nl", "kopen", "koppen"),
            ("pt", "mais", "mala"),
            ("pt", "tons", "tomada"),
            ("de", "weiße", "Weise"),
            ("de", "Kasse", "Käse"),
            ("de", "Kostüm", "Kosten"),
            ("fr", "bague", "bag"),
            ("fr", "bâche", "bac"),
            ("fr", "basse", "bas"),
            ("sv", "matta", "mat"),
            ("sv", "blått", "blad"),
            ("fi", "kuva", "kupit"),
            ("ro", "seară", "ser"),
            ("ro", "doar", "dori"),
            ("ru", "отдельный", "отделение"),
        ] {
            let (one, other) = (&words(&[language], one)[0].stems, &words(&[language], other)[0].stems);
            assert!(!one.iter().any(|stem| other.contains(stem)), "{language}: {one:?} {other:?}");
        }
    }

    #[test]
    fn typos_are_counted() {
        let near = |one: &str, other: &str, most| {
            is_near(&one.chars().collect::<Vec<_>>(), &other.chars().collect::<Vec<_>>(), most)
        };
        for (one, other) in
            [("lantern", "lanten"), ("lantern", "lanternn"), ("lantern", "lentern"), ("lantern", "latnern")]
        {
            assert!(near(one, other, 1) && near(other, one, 1), "{one} {other}");
        }
        assert!(!near("lantern", "santern", 2) && !near("lantern", "lenturn", 1) && near("lantern", "lenturn", 2));
        assert_eq!([4, 5, 8, 9].map(typos), [0, 1, 1, 2]);
    }
}
