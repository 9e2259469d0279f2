//! Currencies by their ISO 4217 codes.

use std::fmt;

/// An ISO 4217 code in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// The active codes of ISO 4217 (list one of the standard's maintenance agency, funds and metals
/// left out), and the few withdrawn ones that old feeds still carry; four bytes each.
const CODES: &str = "\
aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd btn bwp byn \
bzd cad cdf chf clp cny cop crc cup cve czk djf dkk dop dzd egp ern etb eur fjd fkp gbp gel ghs \
gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr iqd irr isk jmd jod jpy kes kgs khr kmf kpw krw \
kwd kyd kzt lak lbp lkr lrd lsl lyd mad mdl mga mkd mmk mnt mop mru mur mvr mwk mxn myr mzn nad \
ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sdg sek sgd \
shp sle sos srd ssp stn svc syp szl thb tjs tmt tnd top try ttd twd tzs uah ugx usd uyu uzs ved \
ves vnd vuv wst xaf xcd xcg xof xpf yer zar zmw zwg byr hrk cuc sll mro std zwl vef";

/// The same, to find one at once: for the first two letters a bit for each third.
const KNOWN: [u32; 26 * 26] = {
    let (codes, mut known, mut at) = (CODES.as_bytes(), [0; 26 * 26], 0);
    while at + 2 < codes.len() {
        known[place(codes[at], codes[at + 1])] |= 1 << (codes[at + 2] - b'a');
        at += 4;
    }
    known
};

const fn place(first: u8, second: u8) -> usize {
    (first - b'a') as usize * 26 + (second - b'a') as usize
}

/// Signs and words that name one currency alone, in lower case. `kr`, `¥`, `lei` or `Rs` are of several
/// countries and not here; nor is `$`, which the settings must tell.
const SIGNS: [(&str, &[u8; 3]); 45] = [
    ("€", b"eur"),
    ("euro", b"eur"),
    ("eur.", b"eur"),
    ("£", b"gbp"),
    ("₽", b"rub"),
    ("руб", b"rub"),
    ("руб.", b"rub"),
    ("рублей", b"rub"),
    ("rub.", b"rub"),
    ("₴", b"uah"),
    ("грн", b"uah"),
    ("грн.", b"uah"),
    ("гривень", b"uah"),
    ("₸", b"kzt"),
    ("тг", b"kzt"),
    ("тг.", b"kzt"),
    ("тенге", b"kzt"),
    ("zł", b"pln"),
    ("zl", b"pln"),
    ("zł.", b"pln"),
    ("kč", b"czk"),
    ("kč.", b"czk"),
    ("₹", b"inr"),
    ("₺", b"try"),
    ("₪", b"ils"),
    ("₫", b"vnd"),
    ("₱", b"php"),
    ("₦", b"ngn"),
    ("₾", b"gel"),
    ("֏", b"amd"),
    ("₼", b"azn"),
    ("₡", b"crc"),
    ("₲", b"pyg"),
    ("₮", b"mnt"),
    ("฿", b"thb"),
    ("лв", b"bgn"),
    ("лв.", b"bgn"),
    ("ft", b"huf"),
    ("r$", b"brl"),
    ("us$", b"usd"),
    ("c$", b"cad"),
    ("ca$", b"cad"),
    ("a$", b"aud"),
    ("nz$", b"nzd"),
    ("hk$", b"hkd"),
];

/// The currencies that are called dollar, so that `$` may mean them.
const DOLLARS: [&str; 24] = [
    "usd", "cad", "aud", "nzd", "hkd", "sgd", "twd", "bbd", "bmd", "bnd", "bsd", "bzd", "fjd", "gyd", "jmd", "kyd",
    "lrd", "nad", "sbd", "srd", "ttd", "xcd", "zwl", "zwg",
];

impl Currency {
    /// Reads a code in any case. `RUR`, the rouble's code until 1998, is `rub` (YML writes it to
    /// this day); other withdrawn codes stay what they are: a BYR is not a BYN.
    /// Signs and words that belong to one currency alone are read; `$` is not.
    pub fn parse(text: &str) -> Option<Currency> {
        let text = text.trim();
        let code = <[u8; 3]>::try_from(text.as_bytes()).ok().filter(|code| code.iter().all(u8::is_ascii_alphabetic));
        let Some(code) = code else {
            let lower = text.to_lowercase();
            return SIGNS.iter().find(|(sign, _)| *sign == lower).map(|(_, code)| Currency(**code));
        };
        // No sign is made of three such letters.
        let code = match code.map(|letter| letter.to_ascii_lowercase()) {
            [b'r', b'u', b'r'] => *b"rub",
            code => code,
        };
        let [first, second, third] = code;
        (KNOWN[place(first, second)] >> (third - b'a') & 1 != 0).then_some(Currency(code))
    }

    /// Whether `$` is a sign of this currency.
    pub fn is_dollar(self) -> bool {
        DOLLARS.contains(&self.as_str())
    }

    /// The lower-case code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_names_a_currency_that_exists() {
        for code in SIGNS.iter().map(|(_, code)| std::str::from_utf8(*code)).chain(DOLLARS.map(Ok)) {
            let code = code.expect("ASCII");
            assert_eq!(Currency::parse(code).map(|currency| currency.to_string()).as_deref(), Some(code));
        }
    }

    #[test]
    fn codes_in_any_case_and_the_old_rouble() {
        let code = |text| Currency::parse(text).map(|c| c.to_string());
        assert_eq!(code(" UsD "), Some("usd".into()));
        assert_eq!(code("RUR"), Some("rub".into()));
        assert_eq!(code("BYR"), Some("byr".into()));
        assert_eq!(code("€"), Some("eur".into()));
        assert_eq!(code("$"), None);
        assert_eq!(code("pcs"), None);
        assert_eq!(code("EURO"), Some("eur".into()));
        assert_eq!(code("Kč"), Some("czk".into()));
        assert_eq!(code("грн."), Some("uah".into()));
        assert_eq!(code("kr"), None);
    }
}
