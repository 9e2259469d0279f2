//! The order of names: as the alphabet of a language has it.

use super::fold::{Folder, is_unseen};

/// Letters that follow others, by language: what stands after `z` comes in its order behind all that begins with `z`.
const ALPHABETS: &[(&str, &str)] = &[
    ("az", "ç>c ə>e ğ>g x>h ı>h q>k ö>o ş>s ü>u w>z"),
    ("be ky", "ё>е"),
    ("bs hr", "č>c ć>c dž>d đ>d lj>l nj>n š>s ž>z"),
    ("cs", "č>c ch>h ř>r š>s ž>z"),
    ("cy", "ch>c dd>d ff>f ng>g ll>l ph>p rh>r th>t"),
    ("da fo nb nn no", "æ>z ä>z ø>z ö>z å>z aa>z"),
    ("eo", "ĉ>c ĝ>g ĥ>h ĵ>j ŝ>s ŭ>u"),
    ("es eu gl", "ñ>n"),
    ("et", "š>s z>s ž>s õ>w ä>w ö>w ü>w"),
    ("fi sv", "å>z ä>z æ>z ö>z ø>z"),
    ("fil", "ñ>n ng>n"),
    ("hu", "cs>c dz>d gy>g ly>l ny>n ö>o ő>o sz>s ty>t ü>u ű>u zs>z"),
    ("is", "á>a ð>d é>e í>i ó>o ú>u ý>y þ>z æ>z ö>z å>z"),
    ("kk", "ё>е і>ы"),
    ("lt", "č>c y>i š>s ž>z"),
    ("lv", "č>c ģ>g y>i ķ>k ļ>l ņ>n š>s ž>z"),
    ("mk", "ѓ>д ќ>т"),
    ("mt", "ċ>b ġ>f għ>g ħ>h ie>i ż>y"),
    ("pl", "ą>a ć>c ę>e ł>l ń>n ó>o ś>s ź>z ż>z"),
    ("ro", "ă>a â>a î>i ș>s ş>s ț>t ţ>t"),
    ("sk", "ä>a č>c ch>h ô>o š>s ž>z"),
    ("sl", "č>c ć>c đ>d š>s ž>z"),
    ("sq", "ç>c dh>d ë>e gj>g ll>l nj>n rr>r sh>s th>t xh>x zh>z"),
    ("tr", "ç>c ğ>g ı>h ö>o ş>s ü>u"),
    ("vi", "ă>a â>a đ>d ê>e ô>o ơ>o ư>u"),
];
/// Letters that count as the one before them in an alphabet's list.
const SAME: &[(&str, &str)] =
    &[("ä", "æ"), ("æ", "ä"), ("ö", "ø"), ("ø", "ö"), ("aa", "å"), ("ő", "ö"), ("ű", "ü"), ("ş", "ș"), ("ţ", "ț")];
/// Letters that follow others in every language that has them.
const CYRILLIC: &str = "ә>а ґ>г ғ>г ђ>д є>е ѕ>з і>и ї>и ј>и қ>к љ>л њ>н ң>н ө>о ћ>т ў>у ұ>у ү>у һ>х џ>ч";
/// The vowels of Vietnamese without a tone and with each, in their order: it counts when nothing else differs.
const TONES: [&str; 12] = [
    "aàảãáạ",
    "ăằẳẵắặ",
    "âầẩẫấậ",
    "eèẻẽéẹ",
    "êềểễếệ",
    "iìỉĩíị",
    "oòỏõóọ",
    "ôồổỗốộ",
    "ơờởỡớợ",
    "uùủũúụ",
    "ưừửữứự",
    "yỳỷỹýỵ",
];
/// Languages whose own letters come before the Latin ones.
const OTHERS_FIRST: &[&str] = &["be", "bg", "el", "kk", "ky", "mk", "mn", "ru", "sr", "uk"];
/// Behind every letter of its alphabet.
const LATIN_END: char = '\u{7f}';
const CYRILLIC_END: char = '\u{52f}';

/// Puts names in order.
pub(in crate::systems::oct8ne) struct Order {
    folder: Folder,
    /// Letters (or two that count as one), and what they count as.
    letters: Vec<(String, String)>,
    /// A bit for each ASCII letter that one of them begins with: most texts have no others.
    ascii: u128,
    is_latin_last: bool,
    /// `I` is the capital of `ı`.
    is_turkish: bool,
    /// Its vowels have tones.
    is_vietnamese: bool,
}

impl Order {
    /// As a language has it.
    pub(in crate::systems::oct8ne) fn of(language: &str) -> Order {
        let own = ALPHABETS.iter().find(|(languages, _)| languages.split(' ').any(|other| other == language));
        let mut letters = own.map(|(_, rules)| read(rules)).unwrap_or_default();
        letters.extend(read(CYRILLIC));
        letters.sort_by_key(|(letter, _)| std::cmp::Reverse(letter.chars().count()));
        let (is_latin_last, is_turkish) = (OTHERS_FIRST.contains(&language), matches!(language, "az" | "tr"));
        let firsts = letters.iter().filter_map(|(letter, _)| letter.chars().next()).filter(char::is_ascii);
        let ascii = firsts.fold(0, |bits, letter| bits | 1 << u32::from(letter));
        Order { folder: Folder::new(), letters, ascii, is_latin_last, is_turkish, is_vietnamese: language == "vi" }
    }

    /// What to compare instead of a name. Accents that make no other letter count when nothing else differs.
    pub(in crate::systems::oct8ne) fn key(&self, name: &str) -> String {
        let name = name.trim();
        let lower = if self.is_turkish { name.replace('I', "ı").to_lowercase() } else { name.to_lowercase() };
        let (lower, tones) = if self.is_vietnamese { without_tones(&lower) } else { (lower, String::new()) };
        let mut key = String::with_capacity(lower.len());
        let mut rest = lower.as_str();
        while let Some(letter) = rest.chars().next() {
            let may_be = !letter.is_ascii() || self.ascii & (1 << u32::from(letter)) != 0;
            let own = self.letters.iter().find(|(own, _)| may_be && rest.starts_with(own.as_str()));
            match own {
                Some((own, counts)) => {
                    key.push_str(counts);
                    rest = &rest[own.len()..];
                }
                None => {
                    self.push(letter, &mut key);
                    rest = &rest[letter.len_utf8()..];
                }
            }
        }
        let has_tones = tones.bytes().any(|tone| tone != b'0');
        if has_tones || !lower.is_ascii() && self.folder.folded(&lower) != lower {
            key.push('\0');
            key.push_str(&tones);
            key.push_str(&lower);
        }
        key
    }

    fn push(&self, letter: char, key: &mut String) {
        match letter {
            _ if letter.is_whitespace() => key.push(' '),
            'a'..='z' if self.is_latin_last => key.extend(char::from_u32(0x600 + u32::from(letter))),
            _ if letter.is_ascii_alphanumeric() => key.push(letter),
            // Signs come before digits and letters.
            '!'..='/' => key.push(letter),
            _ if letter.is_ascii() => key.push('/'),
            _ if letter.is_alphanumeric() => {
                let at = key.len();
                self.folder.fold(letter, key);
                if self.is_latin_last && key[at..].bytes().all(|byte| byte.is_ascii_lowercase()) {
                    let moved: String =
                        key[at..].chars().filter_map(|c| char::from_u32(0x600 + u32::from(c))).collect();
                    key.replace_range(at.., &moved);
                }
            }
            '\u{300}'..='\u{36f}' => {}
            _ if is_unseen(letter) => {}
            _ => key.push('/'),
        }
    }
}

/// A text without the tones of its vowels, and the number of the tone of each letter.
fn without_tones(text: &str) -> (String, String) {
    let of = |letter: char| {
        TONES.iter().find_map(|vowel| {
            let (tone, _) = ('0'..).zip(vowel.chars()).find(|(_, own)| *own == letter)?;
            Some((vowel.chars().next()?, tone))
        })
    };
    text.chars().map(|letter| of(letter).unwrap_or((letter, '0'))).unzip()
}

/// Rules of the form `letter>what it follows`; the later of those that follow one come later.
fn read(rules: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let rules = rules.split(' ').filter_map(|rule| rule.split_once('>'));
    for (number, (letter, before)) in ('1'..).zip(rules) {
        let same = SAME.iter().find(|(own, _)| *own == letter).map(|(_, other)| *other);
        let counts = found.iter().find(|(own, _)| Some(own.as_str()) == same).map(|(_, counts)| counts.clone());
        let end = if before.is_ascii() { LATIN_END } else { CYRILLIC_END };
        found.push((letter.to_owned(), counts.unwrap_or_else(|| format!("{before}{end}{number}"))));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alphabets() {
        for (language, names) in [
            ("en", "#1|10|Apple|äpple|Apricot|Zebra|Ёлка"),
            ("sv", "Apa|Zebra|Åska|Ärta|Öl"),
            ("da", "Apa|Zebra|Ærø|Øl|Aabenraa|Ål|Aase"),
            ("de", "Apfel|Äpfel|Arm|Zaun"),
            ("es", "Nube|Nuzo|Ñandú|Oso"),
            ("cs", "Cena|Čaj|Dům|Hora|Chata|Jaro|Zima|Žába"),
            ("pl", "Las|Lód|Łódź|Mak|Zima|Źrebak|Żaba"),
            ("hu", "Cukor|Csap|Oldal|Ön|Őz|Pap"),
            ("tr", "Hal|Işık|İnce|Jale"),
            ("az", "Ev|Əl|Fil|Hal|Xalça|Işıq|İnci|Jalüz|Kitab|Qapı|Lampa|Vaza|Yun|Zal|Wok"),
            ("hr", "Dvor|Džep|Đak|Lopta|Luž|Ljubav|Nula|Njuška|Oko"),
            ("sl", "Dvor|Džep|Lak|Ljubezen|Lopata"),
            ("sq", "Dritë|Dhomë|Luan|Llampë|Zog|Zhurmë"),
            ("cy", "Cwm|Chwarae|Desg|Golau|Lamp|Llyfr"),
            ("eo", "Cent|Ĉevalo|Domo"),
            ("fil", "Nuno|Ñame|Ngipin|Oras"),
            ("mt", "Barri|Ċar|Cena|Fwar|Ġnien|Gallu|Għasel|Hena|Ħobż|Iva"),
            ("vi", "An|Ăn|Ấm|Bàn|Da|Đá|Ma|Mà|Mả|Mã|Má|Mạ|Mơ|Mờ|Mua|Mưa"),
            ("sr", "Игла|Јаје|Кафа|Лопта|Љубав|Нож|Њива|Тањир|Ћуп|Чај|Џем|Шал"),
            ("mk", "Дрво|Ѓеврек|Ехо|Игла|Јаболко|Кафе|Тава|Ќебе|Уво"),
            ("kk", "Ат|Әже|Бал|Гүл|Ғалам|Ер|Ёлка|Кітап|Қалам|Нан|Ңа|Ол|Өрік|Уақ|Ұя|Үй|Хат|Һа|Цирк|Ыдыс|Іңір|Эко"),
            ("ky", "Нан|Ңа|Орун|Өрүк|Ун|Үй|Фен"),
            ("mn", "Орон|Өрөө|Ус|Үнэ|Фен"),
            ("be", "Ель|Ёж|Жук|Зіма|Ікра|Йод|Apple"),
            ("et", "Saal|Šokk|Zen|Žanr|Tee|Õun|Äri|Öö|Üks"),
            ("ru", "Ёж|Жук|Яма|Apple"),
            ("uk", "Гай|Ґанок|День|Ель|Єнот|Жук|Ива|Ікра|Їжак|Йод|Лампа|Apple"),
        ] {
            let order = Order::of(language);
            let keys: Vec<(String, &str)> = names.split('|').map(|name| (order.key(name), name)).collect();
            assert!(keys.is_sorted(), "{language}: {keys:?}");
            assert!(keys.windows(2).all(|pair| pair[0].0 != pair[1].0), "{language}: {keys:?}");
        }
        let english = Order::of("en");
        let broken = [english.key("Wasch\u{ad}maschine"), english.key("Waschmaschinen")];
        assert!(english.key("Waschmaschine") < broken[0] && broken.is_sorted(), "{broken:?}");
        assert_eq!(english.key(" LAMP"), english.key("lamp"));
    }
}
