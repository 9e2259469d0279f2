//! What comes out is safe, whatever went in.

use proptest::prelude::*;

use super::*;

#[test]
fn what_is_safe_stays() {
    for (html, expected) in [
        ("<p>A <b>bright</b> lamp</p>", "<p>A <b>bright</b> lamp</p>"),
        ("a & b\nc < d", "a &amp; b<br/>c &lt; d"),
        ("5 &amp; 6", "5 &amp; 6"),
        ("5 &amp; 6\r\nl&eacute;\rx", "5 &amp; 6<br/>l&eacute;<br/>x"),
        (
            "<section><details><summary>x</summary></details></section>",
            "<section><details><summary>x</summary></details></section>",
        ),
        ("<img src='HTTP://a.example/1.jpg'>", "<img src=\"//a.example/1.jpg\"/>"),
        (
            "<a href='https://a.example/?b=1&amp;c=2'>x</a>",
            "<a href=\"https://a.example/?b=1&amp;c=2\" rel=\"noopener noreferrer\">x</a>",
        ),
        ("<ul><li>one<li>two</ul>", "<ul><li>one<li>two</li></li></ul>"),
        ("<br/>x<hr>", "<br/>x<hr/>"),
        ("<img src=\"https://a.example/1.jpg\" alt='\"'>", "<img src=\"https://a.example/1.jpg\" alt=\"&quot;\"/>"),
    ] {
        assert_eq!(safe(html), expected);
    }
}

#[test]
fn what_has_no_end_takes_nothing_with_it() {
    for empty in ["<embed src='v.swf'>", "<embed src='v.swf'/>", "<svg width='1'/>", "<math/>"] {
        assert_eq!(safe(&format!("<p>A</p>{empty}<p>Size 40 cm</p>")), "<p>A</p><p>Size 40 cm</p>", "{empty}");
    }
    assert_eq!(safe("<p>A</p><svg><text>B</text></svg><p>C</p>"), "<p>A</p><p>C</p>");
}

#[test]
fn what_does_something_goes() {
    for html in [
        "<script>alert(1)</script>",
        "<SCRIPT>alert(1)",
        "<p onclick=alert(1) style='x'>",
        "<img src=x onerror=alert(1)>",
        "<a href=javascript:alert(1)>x</a>",
        "<a href=' java\nscript:alert(1)'>x</a>",
        "<a href='&#106;avascript&colon;alert(1)'>x</a>",
        "<a href='&#0000106avascript:alert(1)'>x</a>",
        "<a href='data:text/html,x'>x</a>",
        "<svg><a xlink:href='javascript:alert(1)'>x</a></svg>",
        "<form action=x><input></form>",
        "<iframe src=x></iframe>",
        "<style>alert(1)</style>",
        "<math><mi//xlink:href='javascript:alert(1)'>",
        "<p title='><script>alert(1)</script>'>",
    ] {
        let out = safe(html);
        let lower = out.to_lowercase();
        for bad in [
            "<script",
            "onclick",
            "onerror",
            "style=",
            "javascript",
            "<svg",
            "<form",
            "<input",
            "<iframe",
            "<style",
            "data:",
            "<math",
        ] {
            assert!(!lower.contains(bad), "{html}: {out}");
        }
    }
    assert_eq!(safe("<script>alert(1)</script>after"), "after");
    assert_eq!(without_tags("A <b>big</b> lamp <3 <scr<b>ipt>x"), "A big lamp <3 ipt>x");
    assert_eq!(without_tags("a <b without end"), "a b without end");
    assert_eq!(plain("caf&eacute; &foo;"), "café &foo;");
    assert_eq!(plain("<p>Bright&nbsp;lamp</p><script>no</script>").trim(), "Bright\u{a0}lamp");
}

/// In titles and in descriptions alike.
#[test]
fn tags_end_a_word_where_a_reader_sees_its_end() {
    for (html, text) in [
        ("<b>W</b>aschmaschine", "Waschmaschine"),
        ("Wasch<wbr>maschine<WBR/>n", "Waschmaschinen"),
        ("Wasch<!-- x -->maschine", "Waschmaschine"),
        ("H<sub class='x'>2</sub>O", "H2O"),
        ("Lamp<br>red<BR/>blue", "Lamp red blue"),
        ("<ul><li>one</li><li>two</li></ul>three", "one two three"),
        ("<h1>Lamp</h1><p>red</p><div>blue</div>", "Lamp red blue"),
        ("<table><tr><td>1</td><td>2</td></tr></table>", "1 2"),
        ("<option>red<option>blue", "red blue"),
        ("Size<XL>red", "Size red"),
    ] {
        let words = plain(html).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!((words.as_str(), without_tags(html).as_str()), (text, text), "{html}");
    }
}

proptest! {
    #[test]
    fn nothing_but_what_is_listed_comes_out(html in "[<>/!a-z\"'=&;:# -]{0,60}|(<(script|a|p|svg|img|style) ?(href|on[a-z]+|src)?=?[\"']?(java|x)?:?[\"']?>?){0,6}") {
        let out = safe(&html);
        for at in tags(&out) {
            let name = out[at + 1..].trim_start_matches('/');
            let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
            prop_assert!(ELEMENTS.contains(&&name[..end]), "{} -> {}", html, out);
        }
        prop_assert!(!out.contains("javascript:") || !out.contains("href=\"javascript"));
        prop_assert!(tags(&without_tags(&html)).next().is_none());
        prop_assert_eq!(safe(&out), out.clone(), "it is settled");
    }
}
