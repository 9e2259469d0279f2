//! What made-up products are called, and where they stand in the shop.

/// A category as the path of its names, and what is sold in it.
#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) path: &'static [&'static str],
    pub(super) goods: &'static [&'static str],
}

const fn shelf(path: &'static [&'static str], goods: &'static [&'static str]) -> Shelf {
    Shelf { path, goods }
}

/// All categories that have products. Those above them exist through them.
pub(super) const SHELVES: &[Shelf] = &[
    shelf(&["Kitchen", "Knives", "Bread knives"], &["bread knife", "serrated knife"]),
    shelf(&["Kitchen", "Knives", "Paring knives"], &["paring knife", "peeling knife"]),
    shelf(&["Kitchen", "Knives", "Sharpening"], &["whetstone", "honing rod"]),
    shelf(&["Kitchen", "Pots & pans", "Frying pans"], &["frying pan", "crêpe pan", "wok"]),
    shelf(&["Kitchen", "Pots & pans", "Casseroles"], &["casserole", "stock pot"]),
    shelf(&["Kitchen", "Coffee & tea"], &["coffee dripper", "teapot", "milk jug", "kettle"]),
    shelf(&["Kitchen", "Baking"], &["loaf tin", "rolling pin", "proving basket"]),
    shelf(&["Kitchen", "Spices"], &["salt & pepper mill", "mortar", "nutmeg grater"]),
    shelf(&["Table", "Glasses", "Tumblers"], &["tumbler", "juice glass"]),
    shelf(&["Table", "Glasses", "Carafes"], &["carafe", "water jug"]),
    shelf(&["Table", "Plates"], &["dinner plate", "soup plate", "serving dish"]),
    shelf(&["Table", "Cutlery"], &["table fork", "soup spoon", "butter knife"]),
    shelf(&["Table", "Linen"], &["table runner", "napkin", "tea towel"]),
    shelf(&["Living room", "Lamps", "Desk lamps"], &["desk lamp", "clamp lamp"]),
    shelf(&["Living room", "Lamps", "Floor lamps"], &["floor lamp", "reading lamp"]),
    shelf(&["Living room", "Cushions"], &["cushion", "bolster"]),
    shelf(&["Living room", "Rugs"], &["rug", "runner", "doormat"]),
    shelf(&["Living room", "Clocks"], &["wall clock", "mantel clock"]),
    shelf(&["Bedroom", "Blankets"], &["blanket", "bedspread", "throw"]),
    shelf(&["Bedroom", "Bed linen"], &["duvet cover", "pillowcase", "fitted sheet"]),
    shelf(&["Bathroom", "Towels"], &["bath towel", "guest towel"]),
    shelf(&["Bathroom", "Accessories"], &["soap dish", "toothbrush mug", "bath mat"]),
    shelf(&["Office", "Paper", "Notebooks"], &["notebook", "sketchbook"]),
    shelf(&["Office", "Paper", "Cards"], &["greeting card", "postcard set"]),
    shelf(&["Office", "Pens"], &["fountain pen", "pencil", "ink bottle"]),
    shelf(&["Office", "Storage"], &["letter tray", "magazine file", "pen pot"]),
    shelf(&["Garden", "Tools", "Hand tools"], &["trowel", "hand fork", "dibber"]),
    shelf(&["Garden", "Tools", "Pruning"], &["pruner", "hedge cutter"]),
    shelf(&["Garden", "Pots"], &["plant pot", "saucer", "window box"]),
    shelf(&["Garden", "Watering"], &["watering can", "rain gauge", "mister"]),
    shelf(&["Workshop", "Brushes"], &["dust brush", "paint brush", "bench brush"]),
    shelf(&["Workshop", "Hooks & rails"], &["coat hook", "tool rail"]),
    shelf(&["Toys", "Wooden toys"], &["spinning top", "stacking tower", "pull-along duck"]),
    shelf(&["Toys", "Puzzles & games"], &["jigsaw", "domino set", "draughts board"]),
    shelf(&["Travel", "Bags"], &["weekend bag", "wash bag", "tote"]),
];

pub(super) const MAKERS: &[&str] = &[
    "Alderley",
    "Brook & Sons",
    "Casa Norte",
    "Dunmore",
    "Ekholm",
    "Fennel",
    "Granit",
    "Hartwell",
    "Ives & Co",
    "Juniper",
    "Kestrel",
    "Lind",
];

pub(super) const QUALITIES: &[&str] = &[
    "plain",
    "classic",
    "sturdy",
    "slim",
    "folding",
    "hand-made",
    "compact",
    "everyday",
    "restored",
    "heavy",
    "quiet",
    "tall",
];

pub(super) const MATERIALS: &[&str] = &[
    "oak",
    "beech",
    "linen",
    "stoneware",
    "enamel",
    "cast iron",
    "brass",
    "recycled glass",
    "cotton",
    "steel",
    "cork",
    "wool",
];

pub(super) const COLOURS: &[&str] =
    &["moss green", "chalk", "slate", "ochre", "ink blue", "terracotta", "natural", "rose", "charcoal", "cream"];

pub(super) const SIZES: &[&str] =
    &["S", "M", "L", "20 cm", "28 cm", "8\"", "10\"", "0.5 l", "1.2 l", "set of 2", "set of 6"];

pub(super) const PRAISES: &[&str] = &[
    "Made in small batches & checked by hand, so that no two of them are quite the same",
    "Our most asked-for piece: it \"just works\", as one customer put it",
    "A quiet companion for every day that grows better looking with the years",
    "Drawn with a pencil, tried out for a year, & only then put on the shelf",
    "Simple lines, honest materials, and nothing that could break",
];

pub(super) const FACTS: &[&str] = &[
    "Easy to clean with water & a soft cloth",
    "Spare parts for at least 10 years",
    "Packed without plastic",
    "Known in the workshop as \"the old faithful\"",
    "Weighs less than it looks",
    "Fits drawers > 30 cm deep",
    "Comes with a two-year guarantee",
    "Sent in a box that can be used again",
];

pub(super) const CLOSINGS: &[&str] = &[
    "Ask us in the chat if you are not sure about the size.",
    "Also to be had in other colours.",
    "A good present, wrapped for nothing on request.",
    "Sent on the day you order, if that is before noon.",
];
