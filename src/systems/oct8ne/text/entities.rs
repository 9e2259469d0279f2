//! Letters by the names that HTML 4 has for them.

/// What shops' texts are written with; the signs that HTML itself is made of are known elsewhere.
const NAMES: &str = "\
    AElig=Æ;Aacute=Á;Acirc=Â;Agrave=À;Alpha=Α;Aring=Å;Atilde=Ã;Auml=Ä;Beta=Β;Ccedil=Ç;Chi=Χ;Dagger=‡;Delta=Δ;\
    ETH=Ð;Eacute=É;Ecirc=Ê;Egrave=È;Epsilon=Ε;Eta=Η;Euml=Ë;Gamma=Γ;Iacute=Í;Icirc=Î;Igrave=Ì;Iota=Ι;Iuml=Ï;\
    Kappa=Κ;Lambda=Λ;Mu=Μ;Ntilde=Ñ;Nu=Ν;OElig=Œ;Oacute=Ó;Ocirc=Ô;Ograve=Ò;Omega=Ω;Omicron=Ο;Oslash=Ø;Otilde=Õ;\
    Ouml=Ö;Phi=Φ;Pi=Π;Prime=″;Psi=Ψ;Rho=Ρ;Scaron=Š;Sigma=Σ;THORN=Þ;Tau=Τ;Theta=Θ;Uacute=Ú;Ucirc=Û;Ugrave=Ù;\
    Upsilon=Υ;Uuml=Ü;Xi=Ξ;Yacute=Ý;Yuml=Ÿ;Zeta=Ζ;aacute=á;acirc=â;acute=´;aelig=æ;agrave=à;alefsym=ℵ;alpha=α;\
    and=∧;ang=∠;aring=å;asymp=≈;atilde=ã;auml=ä;bdquo=„;beta=β;brvbar=¦;bull=•;cap=∩;ccedil=ç;cedil=¸;cent=¢;\
    chi=χ;circ=ˆ;clubs=♣;cong=≅;copy=©;crarr=↵;cup=∪;curren=¤;dArr=⇓;dagger=†;darr=↓;deg=°;delta=δ;diams=♦;\
    divide=÷;eacute=é;ecirc=ê;egrave=è;empty=∅;epsilon=ε;equiv=≡;eta=η;eth=ð;euml=ë;euro=€;exist=∃;fnof=ƒ;\
    forall=∀;frac12=½;frac14=¼;frac34=¾;frasl=⁄;gamma=γ;ge=≥;hArr=⇔;harr=↔;hearts=♥;hellip=…;iacute=í;icirc=î;\
    iexcl=¡;igrave=ì;image=ℑ;infin=∞;int=∫;iota=ι;iquest=¿;isin=∈;iuml=ï;kappa=κ;lArr=⇐;lambda=λ;lang=〈;laquo=«;\
    larr=←;lceil=⌈;ldquo=“;le=≤;lfloor=⌊;lowast=∗;loz=◊;lsaquo=‹;lsquo=‘;macr=¯;mdash=—;micro=µ;middot=·;\
    minus=−;mu=μ;nabla=∇;ndash=–;ne=≠;ni=∋;not=¬;notin=∉;nsub=⊄;ntilde=ñ;nu=ν;oacute=ó;ocirc=ô;oelig=œ;ograve=ò;\
    oline=‾;omega=ω;omicron=ο;oplus=⊕;or=∨;ordf=ª;ordm=º;oslash=ø;otilde=õ;otimes=⊗;ouml=ö;para=¶;part=∂;\
    permil=‰;perp=⊥;phi=φ;pi=π;piv=ϖ;plusmn=±;pound=£;prime=′;prod=∏;prop=∝;psi=ψ;rArr=⇒;radic=√;rang=〉;raquo=»;\
    rarr=→;rceil=⌉;rdquo=”;real=ℜ;reg=®;rfloor=⌋;rho=ρ;rsaquo=›;rsquo=’;sbquo=‚;scaron=š;sdot=⋅;sect=§;sigma=σ;\
    sigmaf=ς;sim=∼;spades=♠;sub=⊂;sube=⊆;sum=∑;sup=⊃;sup1=¹;sup2=²;sup3=³;supe=⊇;szlig=ß;tau=τ;there4=∴;theta=θ;\
    thetasym=ϑ;thorn=þ;tilde=˜;times=×;trade=™;uArr=⇑;uacute=ú;uarr=↑;ucirc=û;ugrave=ù;uml=¨;upsih=ϒ;upsilon=υ;\
    uuml=ü;weierp=℘;xi=ξ;yacute=ý;yen=¥;yuml=ÿ;zeta=ζ;\
    emsp=\u{2003};ensp=\u{2002};lrm=\u{200e};rlm=\u{200f};shy=\u{ad};thinsp=\u{2009};zwj=\u{200d};zwnj=\u{200c};";

/// The letter of a name.
pub(super) fn named(name: &str) -> Option<char> {
    let mut entries = NAMES.split(';').filter_map(|entry| entry.split_once('='));
    entries.find(|(other, _)| *other == name).and_then(|(_, letter)| letter.chars().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known() {
        let found = ["eacute", "Auml", "szlig", "euro", "trade", "zeta", "ntilde", "no"].map(named);
        let letters = [Some('é'), Some('Ä'), Some('ß'), Some('€'), Some('™'), Some('ζ'), Some('ñ'), None];
        assert_eq!(found, letters);
        let unseen = ["emsp", "ensp", "lrm", "rlm", "shy", "thinsp", "zwj", "zwnj"].map(named);
        let letters = "\u{2003}\u{2002}\u{200e}\u{200f}\u{ad}\u{2009}\u{200d}\u{200c}";
        assert!(unseen.into_iter().eq(letters.chars().map(Some)), "{unseen:?}");
    }
}
