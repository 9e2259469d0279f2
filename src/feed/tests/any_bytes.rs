//! Damage of every kind.

use proptest::prelude::*;

use super::*;

/// A small feed of each format, with the markup that the cutters know.
const FEEDS: [&str; 3] = [
    "id\ttitle\tprice\tdescription\n1\t\"A \"\"b\"\"\nc\"\t5 EUR\td\n2\tB\t\"6,50\"\te\n3\tC\t7\tf\n",
    "<?xml version='1.0'?><rss xmlns:g='http://base.google.com/ns/1.0'><channel><item><g:id>1</g:id><title>A &amp; <![CDATA[</item>]]>\
     </title><!-- <item> --></item><item><g:id>2</g:id><title a='>'>B</title></item></channel></rss>",
    "<!-- <rss> --><yml_catalog><shop><categories><category id='1'>A</category></categories><offers><offer id='1'><name>N</name>\
     <categoryId>1</categoryId></offer><offer id='2' available='false'><name>M</name></offer></offers></shop></yml_catalog>",
];

proptest! {
    /// Damaged feeds are read or refused; nothing panics, nothing goes on for ever.
    #[test]
    fn damage_is_survived(which in 0..3_usize, edits in proptest::collection::vec((any::<u16>(), any::<u8>(), 0..4_u8), 0..6)) {
        let mut bytes = FEEDS[which].as_bytes().to_vec();
        for (at, byte, what) in edits {
            let at = at as usize % bytes.len().max(1);
            let byte = if byte < 128 { b"<>\"'&;/\t\n,![]-"[byte as usize % 14] } else { byte };
            match what {
                0 if at < bytes.len() => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 if at < bytes.len() => _ = bytes.remove(at),
                _ => bytes.extend_from_within(at.min(bytes.len())..),
            }
        }
        let _ = rows(&bytes);
    }

    /// An XML feed that is cut anywhere before its end tag is never a feed with fewer items.
    #[test]
    fn a_cut_is_noticed(which in 1..3_usize, at in any::<u16>()) {
        let feed = FEEDS[which];
        let at = at as usize % feed.len();
        prop_assert!(rows(&feed.as_bytes()[..at]).is_err());
    }
}
