//! Which documents have the words of a query, and where in them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;

use super::columns::Row;
use super::dictionary::numbers;
use super::file::{DESCRIPTION, Index, STEM, Segment, TITLE, Window};
use super::list::{Kind, List};
use super::postings::Postings;
use crate::systems::oct8ne::text::words::{Word, is_near, typos};

/// The word itself was found, and not only a form of it.
const EXACT: u8 = 32;

/// Of more lists than a word has forms so many bytes are read at once.
const FORMS: usize = 6;
const AHEAD: usize = 32 << 10;

/// How a word may be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Forms,
    Typos,
}

/// A document that has the words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    /// Its place in the generation.
    pub(super) place: u64,
    pub(super) score: u32,
    /// All words are in its title.
    pub(super) is_title: bool,
    /// Its id or a code is the whole query.
    pub(super) is_whole: bool,
}

/// A word: its lists, by segment.
struct Sought {
    lists: Vec<Vec<Found>>,
    /// How many documents have it.
    documents: u64,
    /// By segment, where it stands; `None` = the only list says so, or none.
    marks: Vec<Option<Marks>>,
}

/// A list, and what else counts where it has a document.
#[derive(Debug, Clone, Copy)]
struct Found {
    list: List,
    more: u8,
}

/// Documents in their order, and where in each a word stands.
#[derive(Default)]
struct Marks {
    docs: Vec<u16>,
    places: Vec<u8>,
}

/// What is looked for.
#[derive(Clone, Copy)]
pub(super) struct Query<'q> {
    pub(super) words: &'q [Word],
    /// What the text is as a whole, as codes are kept: any of these.
    pub(super) codes: &'q [String],
    /// Only what is in stock.
    pub(super) is_hiding: bool,
}

impl Index {
    /// Gives the documents that have all words to `each`, in their order: the same words, in another form, or the last
    /// one's beginning. When there are none, with typos; when there are still none, without the last word, and so on.
    /// Those whose id or code is the whole text are there in any case.
    pub(super) fn hits(&self, query: &Query<'_>, mut each: impl FnMut(&Hit, &Row)) -> io::Result<()> {
        let coded = self.coded(query)?;
        let mut words = query.words;
        let mut nearly = BTreeMap::new();
        loop {
            for way in [Way::Forms, Way::Typos] {
                let found = self.all(&Query { words, ..*query }, (way, &mut nearly), &coded, &mut each)?;
                if !coded.is_empty() || words.is_empty() || found > 0 {
                    return Ok(());
                }
            }
            words = words.split_last().map_or(&[], |(_, rest)| rest);
        }
    }

    /// Documents of which the whole text is the id or a code, by segment.
    fn coded(&self, query: &Query<'_>) -> io::Result<BTreeMap<usize, Vec<u16>>> {
        let mut places = Vec::new();
        for code in query.codes {
            self.find(&self.contents.codes, code, |packed| places.extend(numbers(packed)))?;
        }
        places.sort_unstable();
        places.dedup();
        let mut coded: BTreeMap<usize, Vec<u16>> = BTreeMap::new();
        for place in places {
            let at = self.segments().partition_point(|segment| segment.first <= place).saturating_sub(1);
            let Some(segment) = self.segments().get(at) else { continue };
            let doc = u16::try_from(place - segment.first).ok().filter(|doc| u32::from(*doc) < segment.docs);
            coded.entry(at).or_default().extend(doc);
        }
        if query.is_hiding {
            for (at, docs) in &mut coded {
                let mut left = Vec::new();
                self.rows(&self.segments()[*at], docs, |number, row| {
                    left.extend(docs.get(number).filter(|_| row.is_in_stock));
                })?;
                *docs = left;
            }
        }
        coded.retain(|_, docs| !docs.is_empty());
        Ok(coded)
    }

    /// Gives the hits to `each`; says how many have the words. `nearly` = what was found of words that are not the last one
    /// by going through all terms that begin like them: with fewer words behind it that is the same.
    fn all(
        &self,
        query: &Query<'_>,
        (way, nearly): (Way, &mut BTreeMap<usize, BTreeMap<List, u8>>),
        coded: &BTreeMap<usize, Vec<u16>>,
        each: &mut impl FnMut(&Hit, &Row),
    ) -> io::Result<u64> {
        let mut sought = Vec::new();
        for (at, word) in query.words.iter().enumerate() {
            let found = match at + 1 == query.words.len() {
                true => self.lists(word, true, way)?,
                false if way == Way::Forms => self.lists(word, false, way)?,
                false => match nearly.entry(at) {
                    Entry::Occupied(known) => known.get().clone(),
                    Entry::Vacant(unknown) => unknown.insert(self.lists(word, false, way)?).clone(),
                },
            };
            let found = self.sought(found)?;
            if found.documents == 0 {
                sought.clear();
                break;
            }
            sought.push(found);
        }
        let weights = sought.iter().map(|found| rarity(found.documents, self.contents.docs));
        let worths: Vec<Worths> = weights.map(Worths::new).collect();
        let mut count = 0;
        for (number, segment) in self.segments().iter().enumerate() {
            let (docs, places) = self.matching(number, &mut sought)?;
            let coded = coded.get(&number).map(Vec::as_slice).unwrap_or_default();
            self.rows(segment, &docs, |at, row| {
                if query.is_hiding && !row.is_in_stock {
                    return;
                }
                count += 1;
                let doc = docs.get(at).copied().unwrap_or_default();
                let (mut score, mut common) = (0.0, u8::MAX);
                for (places, worths) in places.iter().zip(&worths) {
                    let place = places.get(at).copied().unwrap_or_default();
                    score += worths.of(place, row.title);
                    common &= place;
                }
                let hit = Hit {
                    place: segment.first + u64::from(doc),
                    score: (score * 1000.0) as u32,
                    is_title: common & TITLE != 0,
                    is_whole: coded.contains(&doc),
                };
                each(&hit, row);
            })?;
            let others: Vec<u16> = coded.iter().copied().filter(|doc| docs.binary_search(doc).is_err()).collect();
            self.rows(segment, &others, |at, row| {
                let place = segment.first + u64::from(others.get(at).copied().unwrap_or_default());
                each(&Hit { place, score: 0, is_title: false, is_whole: true }, row);
            })?;
        }
        Ok(count)
    }

    /// The lists of a word, and what else counts where they have a document.
    fn lists(&self, word: &Word, is_last: bool, way: Way) -> io::Result<BTreeMap<List, u8>> {
        let mut found: BTreeMap<List, u8> = BTreeMap::new();
        let mut add = |packed: &[u8], more: u8| {
            numbers(packed).for_each(|number| *found.entry(List(number)).or_default() |= more);
        };
        let (terms, own) = (&self.contents.terms, word.folded.as_str());
        let is_word = |term: &[u8]| term.last() != Some(&(STEM as u8));
        if is_last {
            self.begin(terms, own, |term, packed| {
                if is_word(term) {
                    add(packed, if term == own.as_bytes() { EXACT } else { 0 });
                }
            })?;
        } else {
            self.find(terms, own, |packed| add(packed, EXACT))?;
        }
        for stem in &word.stems {
            self.find(terms, &format!("{stem}{STEM}"), |packed| add(packed, 0))?;
        }
        let letters: Vec<char> = own.chars().collect();
        // Another number is another thing: it may be the code of a product that isn't there.
        let is_number = letters.iter().all(|letter| letter.is_numeric());
        let most = if way == Way::Typos && !is_number { typos(letters.len()) } else { 0 };
        if let (Some(first), 1..) = (letters.first(), most) {
            let mut other = Vec::new();
            self.begin(terms, &first.to_string(), |term, packed| {
                other.clear();
                other.extend(str::from_utf8(term).unwrap_or_default().chars());
                if is_word(term) && is_near(&letters, &other, most) {
                    add(packed, 0);
                }
            })?;
        }
        Ok(found)
    }

    /// A word by its lists.
    fn sought(&self, found: BTreeMap<List, u8>) -> io::Result<Sought> {
        let mut sought = Sought { lists: Vec::new(), documents: 0, marks: Vec::new() };
        sought.lists.resize_with(self.segments().len(), Vec::new);
        for (list, more) in found {
            if let Some(lists) = sought.lists.get_mut(list.segment()) {
                lists.push(Found { list, more });
            }
        }
        for (segment, lists) in self.segments().iter().zip(&sought.lists) {
            // The only one says how many they are, of several some may have the same document.
            let marks = if lists.len() > 1 { Some(self.marks(segment, lists)?) } else { None };
            let documents = marks.as_ref().map(|marks| marks.docs.len());
            sought.documents += documents.unwrap_or_else(|| lists.iter().map(|found| found.list.docs()).sum()) as u64;
            sought.marks.push(marks);
        }
        Ok(sought)
    }

    /// Where a word stands in a segment, by its lists.
    fn marks(&self, segment: &Segment, lists: &[Found]) -> io::Result<Marks> {
        let mut marks = Marks::default();
        let most: usize = lists.iter().map(|found| found.list.docs()).sum();
        if let [Found { list, more }] = lists
            && let Some(postings) = self.postings(segment, *list, &mut Window::default(), 0)?
        {
            let (docs, mut places) = postings.unpacked();
            places.iter_mut().for_each(|place| *place |= more);
            return Ok(Marks { docs, places });
        }
        // Few are put in order; of many each document has its place.
        if most * 16 < segment.docs as usize {
            let mut all: Vec<(u16, u8)> = Vec::with_capacity(most);
            self.each(segment, lists, |doc, place| all.push((doc, place)))?;
            all.sort_unstable();
            for (doc, place) in all {
                match marks.places.last_mut().filter(|_| marks.docs.last() == Some(&doc)) {
                    Some(last) => *last |= place,
                    None => {
                        marks.docs.push(doc);
                        marks.places.push(place);
                    }
                }
            }
            return Ok(marks);
        }
        let mut places = vec![0_u8; segment.docs as usize];
        self.each(segment, lists, |doc, place| {
            if let Some(entry) = places.get_mut(usize::from(doc)) {
                *entry |= place;
            }
        })?;
        marks.docs.extend((0_u16..=u16::MAX).zip(&places).filter(|(_, place)| **place != 0).map(|(doc, _)| doc));
        places.retain(|place| *place != 0);
        marks.places = places;
        Ok(marks)
    }

    /// Gives what lists have to `each`, one list after the other.
    fn each(&self, segment: &Segment, lists: &[Found], mut each: impl FnMut(u16, u8)) -> io::Result<()> {
        let mut window = Window::default();
        let least = if lists.len() > FORMS { AHEAD } else { 0 };
        for Found { list, more } in lists {
            match (list.kind(), self.postings(segment, *list, &mut window, least)?) {
                (_, Some(postings)) => postings.each(|doc, place| each(doc, place | more)),
                (Kind::Alone(doc, place), None) => each(doc, place | more),
                (Kind::At(..), None) => {}
            }
        }
        Ok(())
    }

    /// The documents of a segment that have all words, and where each word stands in them.
    fn matching(&self, number: usize, sought: &mut [Sought]) -> io::Result<(Vec<u16>, Vec<Vec<u8>>)> {
        let Some(segment) = self.segments().get(number) else { return Ok(Default::default()) };
        let size = |found: &Sought| found.lists[number].iter().map(|found| found.list.docs()).sum::<usize>();
        let Some(rarest) = (0..sought.len()).min_by_key(|at| size(&sought[*at])) else {
            return Ok(Default::default());
        };
        if size(&sought[rarest]) == 0 {
            return Ok(Default::default());
        }
        let own = match sought[rarest].marks[number].take() {
            Some(marks) => marks,
            None => self.marks(segment, &sought[rarest].lists[number])?,
        };
        let Marks { mut docs, places } = own;
        let mut all = Vec::new();
        let mut places = Some(places);
        for (at, word) in sought.iter().enumerate() {
            match places.take_if(|_| at == rarest) {
                Some(own) => all.push(own),
                None => all.push(self.places(segment, (&word.lists[number], word.marks[number].as_ref()), &docs)?),
            }
        }
        if all.len() > 1 {
            let has_all: Vec<bool> = (0..docs.len()).map(|at| all.iter().all(|places| places[at] != 0)).collect();
            let mut keep = has_all.iter();
            docs.retain(|_| keep.next().is_some_and(|has| *has));
            for places in &mut all {
                let mut keep = has_all.iter();
                places.retain(|_| keep.next().is_some_and(|has| *has));
            }
        }
        Ok((docs, all))
    }

    /// Where in some documents, which are in order, a word stands.
    fn places(
        &self,
        segment: &Segment,
        (lists, marks): (&[Found], Option<&Marks>),
        docs: &[u16],
    ) -> io::Result<Vec<u8>> {
        let places = match (marks, lists) {
            (Some(marks), _) => marks.places_of(docs),
            (None, [found]) => match self.postings(segment, found.list, &mut Window::default(), 0)? {
                Some(postings) => with(postings, found.more, docs),
                None => self.marks(segment, lists)?.places_of(docs),
            },
            _ => vec![0; docs.len()],
        };
        Ok(places)
    }
}

fn with(postings: Postings, more: u8, docs: &[u16]) -> Vec<u8> {
    let mut places = postings.places(docs);
    places.iter_mut().filter(|place| **place != 0).for_each(|place| *place |= more);
    places
}

impl Marks {
    /// The places in some documents, which are in order; 0 = nowhere.
    fn places_of(&self, docs: &[u16]) -> Vec<u8> {
        let mut at = 0;
        let place = |doc: &u16| {
            // Of many that are between two it is found sooner by halves.
            if self.docs.get(at + 16).is_some_and(|other| other < doc) {
                at += self.docs[at..].partition_point(|other| other < doc);
            }
            while self.docs.get(at).is_some_and(|other| other < doc) {
                at += 1;
            }
            match self.docs.get(at) == Some(doc) {
                true => self.places.get(at).copied().unwrap_or_default(),
                false => 0,
            }
        };
        docs.iter().map(place).collect()
    }
}

/// How much a word tells: the fewer have it, the more.
fn rarity(documents: u64, all: u64) -> f32 {
    (1.0 + (all as f32 + 1.0) / (documents as f32 + 0.5)).ln()
}

/// How much a word is worth, by where it stands: a short title before a long one, a title before a brand, that before a
/// description.
struct Worths(Vec<f32>);

/// Places that are no title's; behind them, forms in titles of so many words, and the word itself in such.
const OTHERS: usize = 2 * EXACT as usize;
const TITLES: usize = 1 << 8;

impl Worths {
    fn new(weight: f32) -> Worths {
        let other = |place: u8| if place & !(DESCRIPTION | EXACT) != 0 { 6.0 } else { 2.0 };
        let of = |worth: f32, is_exact: bool| weight * if is_exact { worth } else { worth * 0.8 };
        let others = (0..2 * EXACT).map(|place| of(other(place), place & EXACT != 0));
        let titles = |is_exact| (0..=u8::MAX).map(move |words| of(10.0 + 30.0 / (1.0 + f32::from(words)), is_exact));
        Worths(others.chain(titles(false)).chain(titles(true)).collect())
    }

    #[inline]
    fn of(&self, place: u8, title: u8) -> f32 {
        // A choice of numbers, and no branch: which it is can't be foreseen.
        let in_title = OTHERS + TITLES * usize::from(place / EXACT % 2) + usize::from(title);
        let at = if place & TITLE == 0 { usize::from(place) } else { in_title };
        self.0.get(at).copied().unwrap_or_default()
    }
}
