//! Letters that count as others: without accents, in lower case, ligatures taken apart. Made from Unicode's
//! decompositions (UnicodeData.txt), with what isn't decomposed there as dictionaries sort it.

/// Letters that stand for one other, grouped by it.
const SINGLE: &[(char, &str)] = &[
    ('0', "０"),
    ('1', "¹１"),
    ('2', "²２"),
    ('3', "³３"),
    ('4', "４"),
    ('5', "５"),
    ('6', "６"),
    ('7', "７"),
    ('8', "８"),
    ('9', "９"),
    ('a', "ªÀÁÂÃÄÅàáâãäåĀāĂăĄąǍǎǞǟǠǡǺǻȀȁȂȃȦȧḀḁẠạẢảẤấẦầẨẩẪẫẬậẮắẰằẲẳẴẵẶặＡａ"),
    ('b', "ḂḃḄḅḆḇＢｂ"),
    ('c', "ÇçĆćĈĉĊċČčḈḉＣｃ"),
    ('d', "ÐðĎďĐđḊḋḌḍḎḏḐḑḒḓＤｄ"),
    ('e', "ÈÉÊËèéêëĒēĔĕĖėĘęĚěȄȅȆȇȨȩḔḕḖḗḘḙḚḛḜḝẸẹẺẻẼẽẾếỀềỂểỄễỆệＥｅ"),
    ('f', "ƑƒḞḟＦｆ"),
    ('g', "ĜĝĞğĠġĢģǦǧǴǵḠḡＧｇ"),
    ('h', "ĤĥĦħȞȟḢḣḤḥḦḧḨḩḪḫẖＨｈ"),
    ('i', "ÌÍÎÏìíîïĨĩĪīĬĭĮįİıǏǐȈȉȊȋḬḭḮḯỈỉỊịＩｉ"),
    ('j', "ĴĵǰＪｊ"),
    ('k', "ĶķĸǨǩḰḱḲḳḴḵＫｋ"),
    ('l', "ĹĺĻļĽľŁłḶḷḸḹḺḻḼḽＬｌ"),
    ('m', "ḾḿṀṁṂṃＭｍ"),
    ('n', "ÑñŃńŅņŇňŉŊŋǸǹṄṅṆṇṈṉṊṋＮｎ"),
    ('o', "ºÒÓÔÕÖØòóôõöøŌōŎŏŐőƠơǑǒǪǫǬǭǾǿȌȍȎȏȪȫȬȭȮȯȰȱṌṍṎṏṐṑṒṓỌọỎỏỐốỒồỔổỖỗỘộỚớỜờỞởỠỡỢợＯｏ"),
    ('p', "ṔṕṖṗＰｐ"),
    ('q', "Ｑｑ"),
    ('r', "ŔŕŖŗŘřȐȑȒȓṘṙṚṛṜṝṞṟＲｒ"),
    ('s', "ŚśŜŝŞşŠšſȘșṠṡṢṣṤṥṦṧṨṩẛＳｓ"),
    ('t', "ŢţŤťŦŧȚțṪṫṬṭṮṯṰṱẗＴｔ"),
    ('u', "ÙÚÛÜùúûüŨũŪūŬŭŮůŰűŲųƯưǓǔǕǖǗǘǙǚǛǜȔȕȖȗṲṳṴṵṶṷṸṹṺṻỤụỦủỨứỪừỬửỮữỰựＵｕ"),
    ('v', "ṼṽṾṿＶｖ"),
    ('w', "ŴŵẀẁẂẃẄẅẆẇẈẉẘＷｗ"),
    ('x', "ẊẋẌẍＸｘ"),
    ('y', "ÝýÿŶŷŸȲȳẎẏẙỲỳỴỵỶỷỸỹＹｙ"),
    ('z', "ŹźŻżŽžẐẑẒẓẔẕＺｚ"),
    ('ʒ', "Ǯǯ"),
    ('ʹ', "ʹ"),
    ('α', "ΆάἀἁἂἃἄἅἆἇἈἉἊἋἌἍἎἏὰάᾀᾁᾂᾃᾄᾅᾆᾇᾈᾉᾊᾋᾌᾍᾎᾏᾰᾱᾲᾳᾴᾶᾷᾸᾹᾺΆᾼ"),
    ('β', "ϐ"),
    ('ε', "ΈέϵἐἑἒἓἔἕἘἙἚἛἜἝὲέῈΈ"),
    ('η', "ΉήἠἡἢἣἤἥἦἧἨἩἪἫἬἭἮἯὴήᾐᾑᾒᾓᾔᾕᾖᾗᾘᾙᾚᾛᾜᾝᾞᾟῂῃῄῆῇῊΉῌ"),
    ('θ', "ϑ"),
    ('ι', "ΊΐΪίϊἰἱἲἳἴἵἶἷἸἹἺἻἼἽἾἿὶίιῐῑῒΐῖῗῘῙῚΊ"),
    ('κ', "ϰ"),
    ('μ', "µ"),
    ('ο', "ΌόὀὁὂὃὄὅὈὉὊὋὌὍὸόῸΌ"),
    ('π', "ϖ"),
    ('ρ', "ϱῤῥῬ"),
    ('σ', "ςϲϹ"),
    ('υ', "ΎΫΰϋύϒϓϔὐὑὒὓὔὕὖὗὙὛὝὟὺύῠῡῢΰῦῧῨῩῪΎ"),
    ('φ', "ϕ"),
    ('ω', "ΏώὠὡὢὣὤὥὦὧὨὩὪὫὬὭὮὯὼώᾠᾡᾢᾣᾤᾥᾦᾧᾨᾩᾪᾫᾬᾭᾮᾯῲῳῴῶῷῺΏῼ"),
    ('а', "ӐӑӒӓ"),
    ('г', "Ѓѓ"),
    ('е', "ЀЁѐёӖӗ"),
    ('ж', "ӁӂӜӝ"),
    ('з', "Ӟӟ"),
    ('и', "ЍѝӢӣӤӥ"),
    ('к', "Ќќ"),
    ('о', "Ӧӧ"),
    ('у', "ЎўӮӯӰӱӲӳ"),
    ('ч', "Ӵӵ"),
    ('ы', "Ӹӹ"),
    ('э', "Ӭӭ"),
    ('ѵ', "Ѷѷ"),
    ('ә', "Ӛӛ"),
    ('ө', "Ӫӫ"),
];

/// Letters that stand for several.
const SEVERAL: &[(char, &str)] = &[
    ('Æ', "ae"),
    ('Þ', "th"),
    ('ß', "ss"),
    ('æ', "ae"),
    ('þ', "th"),
    ('Ĳ', "ij"),
    ('ĳ', "ij"),
    ('Œ', "oe"),
    ('œ', "oe"),
    ('Ǆ', "dz"),
    ('ǅ', "dz"),
    ('ǆ', "dz"),
    ('Ǉ', "lj"),
    ('ǈ', "lj"),
    ('ǉ', "lj"),
    ('Ǌ', "nj"),
    ('ǋ', "nj"),
    ('ǌ', "nj"),
    ('Ǣ', "ae"),
    ('ǣ', "ae"),
    ('Ǳ', "dz"),
    ('ǲ', "dz"),
    ('ǳ', "dz"),
    ('Ǽ', "ae"),
    ('ǽ', "ae"),
    ('ẚ', "aʾ"),
    ('ẞ', "ss"),
];

/// Whether it only says how letters are set: where a word may be broken, whether two are joined, which way to read.
pub(super) fn is_unseen(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// Folds letters.
pub(in crate::systems::oct8ne) struct Folder {
    single: Vec<(char, char)>,
}

impl Folder {
    pub(in crate::systems::oct8ne) fn new() -> Folder {
        let mut single: Vec<(char, char)> =
            SINGLE.iter().flat_map(|(to, from)| from.chars().map(|letter| (letter, *to))).collect();
        single.sort_unstable();
        Folder { single }
    }

    /// Adds a letter as it counts; accents that stand alone, and what can't be seen, count as nothing.
    pub(in crate::systems::oct8ne) fn fold(&self, letter: char, into: &mut String) {
        match letter {
            'A'..='Z' => into.push(letter.to_ascii_lowercase()),
            '\0'..='\u{7f}' => into.push(letter),
            '\u{300}'..='\u{36f}' => {}
            _ if is_unseen(letter) => {}
            _ => {
                if let Ok(at) = self.single.binary_search_by_key(&letter, |(from, _)| *from) {
                    into.push(self.single[at].1);
                } else if let Some((_, several)) = SEVERAL.iter().find(|(from, _)| *from == letter) {
                    into.push_str(several);
                } else {
                    into.extend(letter.to_lowercase());
                }
            }
        }
    }

    /// A text as it counts.
    pub(in crate::systems::oct8ne) fn folded(&self, text: &str) -> String {
        let mut folded = String::with_capacity(text.len());
        text.chars().for_each(|letter| self.fold(letter, &mut folded));
        folded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_count_alike() {
        let folder = Folder::new();
        for (text, folded) in [
            ("Élégant", "elegant"),
            ("STRASSE straße", "strasse strasse"),
            ("Ёлка", "елка"),
            ("чай", "чай"),
            ("smörgås", "smorgas"),
            ("Æbleskiver", "aebleskiver"),
            ("Tiếng Việt", "tieng viet"),
            ("e\u{301}", "e"),
        ] {
            let found = folder.folded(text);
            assert!(found.starts_with(folded), "{text}: {found}");
        }
        assert_eq!(folder.folded("\u{feff}A\u{ad}B\u{200b}\u{200d}C\u{2060}"), "abc");
    }
}
