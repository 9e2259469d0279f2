//! Currencies by their ISO 4217 codes.

use std::fmt;

/// An ISO 4217 code in lower case, as NiceChat writes it in every sample.
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

impl Currency {
    /// Reads a code in any case. `RUR`, the rouble's code until 1998, is `rub` (YML writes it to
    /// this day); other withdrawn codes stay what they are: a BYR is not a BYN.
    /// The signs that belong to one currency alone are read, `$` and `£` are not.
    pub fn parse(text: &str) -> Option<Currency> {
        let code = match text.trim() {
            "€" => "eur",
            "₽" => "rub",
            "₴" => "uah",
            "₸" => "kzt",
            other => other,
        };
        let mut bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        bytes.make_ascii_lowercase();
        if &bytes == b"rur" {
            bytes = *b"rub";
        }
        CODES.as_bytes().chunks(4).any(|known| known[..3] == bytes).then_some(Currency(bytes))
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
    fn codes_in_any_case_and_the_old_rouble() {
        let code = |text| Currency::parse(text).map(|c| c.to_string());
        assert_eq!(code(" UsD "), Some("usd".into()));
        assert_eq!(code("RUR"), Some("rub".into()));
        assert_eq!(code("BYR"), Some("byr".into()));
        assert_eq!(code("€"), Some("eur".into()));
        assert_eq!(code("$"), None);
        assert_eq!(code("pcs"), None);
        assert_eq!(code("euro"), None);
    }
}
