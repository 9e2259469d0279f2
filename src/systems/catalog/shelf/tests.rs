//! What is put on the shelf comes back, whatever it is; what is damaged says so.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt as _, PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use proptest::collection::btree_set;
use proptest::prelude::*;
use tempfile::TempDir;

use super::layout::FILE;
use super::*;
use crate::catalog::{Category, Currency, Id, Item};
use crate::remote::nicechat::product_fields;

const USER: &str = "import-1";

fn item(id: &str, category: Option<&Arc<Category>>, words: usize) -> Item {
    Item {
        id: Id::parse(id).expect("an id"),
        category: category.cloned(),
        title: format!("Good {id}"),
        price: None,
        currency: words.is_multiple_of(2).then(|| Currency::parse("EUR")).flatten(),
        description: Some("words ".repeat(words)),
        url: None,
        image_url: Some(format!("https://shop.example/{id}.jpg")),
        in_stock: words.is_multiple_of(3),
        local: Default::default(),
    }
}

fn category(id: &str, name: Option<&str>) -> Arc<Category> {
    Arc::new(Category { id: Id::parse(id).expect("an id"), name: name.map(str::to_owned) })
}

fn stocked(item: &Item) -> Stocked {
    Stocked { id: item.id.to_string(), fields: product_fields(item) }
}

fn shelf() -> (TempDir, Shelf) {
    let folder = tempfile::tempdir().expect("a folder");
    let shelf = Shelf::beside(&folder.path().join("state.db"));
    (folder, shelf)
}

fn stock(shelf: &Shelf, items: &[Item]) -> Generation {
    let mut draft = shelf.begin().expect("begun");
    items.iter().for_each(|item| draft.add(item).expect("added"));
    draft.finish(USER).expect("finished")
}

fn all_items(generation: &Generation) -> Result<Vec<Stocked>, ShelfError> {
    let mut all = Vec::new();
    for page in 0.. {
        match generation.items(page)? {
            Some(items) => all.extend(items),
            None => break,
        }
    }
    Ok(all)
}

/// Items in the feed's order, ids in theirs, and items by their ids.
type All = (Vec<Stocked>, Vec<String>, Vec<Option<Stocked>>);

/// Everything that it says, or the first thing that is wrong.
fn whole(shelf: &Shelf, asked: &[Item]) -> Result<All, ShelfError> {
    let generation = shelf.held_for(USER)?.ok_or(ShelfError::Damaged { path: "".into(), what: "it is gone" })?;
    let by_id = asked.iter().map(|item| generation.get(item.id.as_str())).collect::<Result<_, _>>()?;
    generation.categories(0)?;
    Ok((all_items(&generation)?, generation.ids("").collect::<Result<_, _>>()?, by_id))
}

fn items_of(ids: &[String], words: usize) -> Vec<Item> {
    ids.iter().enumerate().map(|(at, id)| item(id, None, words * (at % 5))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_put_there_comes_back(
        ids in btree_set("[a-cж]{1,4}|[0-9]{1,3}", 0..80).prop_map(|ids| ids.into_iter().collect::<Vec<_>>()).prop_shuffle(),
        words in 0..2_000_usize,
        from in "[a-cж0-9]{0,3}",
    ) {
        let (_folder, shelf) = shelf();
        let items = items_of(&ids, words);
        let generation = stock(&shelf, &items);
        prop_assert_eq!(generation.len(), items.len() as u64);
        prop_assert_eq!(generation.is_empty(), items.is_empty());
        prop_assert_eq!(all_items(&generation).expect("read"), items.iter().map(stocked).collect::<Vec<_>>());
        for item in &items {
            prop_assert_eq!(generation.get(item.id.as_str()).expect("read"), Some(stocked(item)));
        }
        let mut sorted: Vec<String> = ids.clone();
        sorted.sort_unstable();
        prop_assert_eq!(generation.get(&from).expect("read").is_some(), sorted.contains(&from));
        sorted.retain(|id| *id >= from);
        prop_assert_eq!(generation.ids(&from).collect::<Result<Vec<_>, _>>().expect("read"), sorted);
    }
    /// Bytes that flip, or are missing, are noticed, or have no part in what is said.
    #[test]
    fn damage_is_an_error(words in 0..400_usize, place: u64, flip in 1..=255_u8, is_cut: bool) {
        let (_folder, shelf) = shelf();
        let items = items_of(&(0..60).map(|n| format!("p{n}")).collect::<Vec<_>>(), words);
        let generation = stock(&shelf, &items);
        let before = whole(&shelf, &items).expect("read");
        let path = generation_folder(&shelf, 1).join(FILE);
        let file = OpenOptions::new().read(true).write(true).open(path).expect("the file");
        let length = file.metadata().expect("its length").len();
        let at = place % length;
        if is_cut {
            file.set_len(at).expect("cut");
        } else {
            let mut byte = [0];
            file.read_exact_at(&mut byte, at).expect("read");
            file.write_all_at(&[byte[0] ^ flip], at).expect("written");
        }
        match whole(&shelf, &items) {
            Ok(after) => prop_assert_eq!(after, before),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
        drop(generation);
    }
}

fn generation_folder(shelf: &Shelf, number: u32) -> std::path::PathBuf {
    shelf.folder().join(number.to_string())
}

/// What lies on the shelf.
fn names(shelf: &Shelf) -> Vec<OsString> {
    let entries = shelf.folder().read_dir().expect("read");
    let mut names: Vec<_> = entries.map(|entry| entry.expect("one").file_name()).collect();
    names.sort_unstable();
    names
}

#[test]
fn categories_are_those_with_a_name_and_the_first_name_counts() {
    let (_folder, shelf) = shelf();
    let categories = [category("7", Some("Lamps")), category("3", Some("Beds")), category("7", Some("Other"))];
    let items: Vec<Item> = (0..6).map(|n| item(&format!("p{n}"), Some(&categories[n % 3]), 4)).collect();
    let default = category("all", None);
    let generation = stock(&shelf, &[items, vec![item("last", Some(&default), 1)]].concat());
    let named = |id: &str, name: &str| (id.to_owned(), name.to_owned());
    assert_eq!(generation.categories(0).expect("read"), Some(vec![named("7", "Lamps"), named("3", "Beds")]));
    assert_eq!(generation.categories(1).expect("read"), None);
    assert_eq!(generation.currencies().map(|(currency, _)| currency).collect::<Vec<_>>(), ["eur"]);
}

/// A feed may be in another order than the last time.
#[test]
fn items_are_found_in_any_order() {
    let (_folder, shelf) = shelf();
    let many: Vec<Item> = (0..300).map(|n| item(&format!("p{n}"), None, 100)).collect();
    let generation = stock(&shelf, &many);
    let orders: [fn(usize) -> usize; 4] = [|at| at, |at| 299 - at, |at| at * 7 % 300, |at| at / 2];
    for order in orders {
        let mut walk = Walk::new(&generation).expect("a walk");
        for at in (0..300).map(order) {
            let id = format!("p{at}");
            assert_eq!(walk.find(&id).expect("read"), Some(at as u64), "{id}");
            assert_eq!(walk.find(&format!("{id}x")).expect("read"), None);
            for place in [at, 299 - at] {
                assert_eq!(walk.item(place as u64).expect("read"), stocked(&many[place]));
            }
        }
    }
}

#[test]
fn many_categories_take_many_pages() {
    let (_folder, shelf) = shelf();
    let many: Vec<Item> =
        (0..5_000).map(|n| item(&format!("p{n}"), Some(&category(&format!("c{n}"), Some("A name"))), 0)).collect();
    let generation = stock(&shelf, &many);
    let pages: Vec<_> = (0..).map_while(|page| generation.categories(page).expect("read")).collect();
    assert!(pages.len() > 1);
    assert_eq!(pages.concat().len(), 5_000);
}

#[test]
fn a_new_generation_leaves_readers_of_the_old_one_alone() {
    let (_folder, shelf) = shelf();
    assert!(shelf.newest().expect("no folder").is_none());
    let (old, new) = ([item("a", None, 1)], [item("b", None, 2)]);
    let reader = stock(&shelf, &old);
    stock(&shelf, &new);
    let newest = shelf.newest().expect("read").expect("one");
    assert_eq!(all_items(&newest).expect("read"), [stocked(&new[0])]);
    shelf.clear().expect("cleared");
    assert_eq!(all_items(&reader).expect("read"), [stocked(&old[0])]);
    assert_eq!(reader.get("a").expect("read"), Some(stocked(&old[0])));
    assert!(shelf.newest().expect("no folder").is_none() && !shelf.folder().exists());
    shelf.clear().expect("nothing to clear");
}

/// What a kill leaves at any point before the end is no generation, and is in nobody's way.
#[test]
fn what_is_unfinished_is_not_there() {
    let (_folder, shelf) = shelf();
    let old = [item("a", None, 1)];
    stock(&shelf, &old);
    // As a kill does it: nothing is tidied up.
    let mut draft = shelf.begin().expect("begun");
    draft.add(&item("b", None, 9_000)).expect("added");
    std::mem::forget(draft);
    let newest = shelf.newest().expect("read").expect("one");
    assert_eq!(all_items(&newest).expect("read"), [stocked(&old[0])]);
    let generation = stock(&shelf, &[item("c", None, 1)]);
    assert!(generation.get("c").expect("read").is_some());
    assert_eq!(names(&shelf), ["1", "2"]);
}

/// A full disk, or whatever else ends it early: half of one isn't left to take up room.
#[test]
fn what_is_given_up_leaves_nothing() {
    let (_folder, shelf) = shelf();
    stock(&shelf, &[item("a", None, 1)]);
    let begun = || {
        let mut draft = shelf.begin().expect("begun");
        draft.add(&item("b", None, 9_000)).expect("added");
        assert_eq!(names(&shelf), ["1", "2.new"]);
        draft
    };
    drop(begun());
    assert_eq!(names(&shelf), ["1"]);
    assert!(matches!(begun().finish("no/folder"), Err(ShelfError::Unwritable { .. })));
    assert_eq!(names(&shelf), ["1"]);
}

#[test]
fn another_version_is_told_from_ours() {
    let (_folder, shelf) = shelf();
    stock(&shelf, &[item("a", None, 1)]);
    let file = OpenOptions::new().write(true).open(generation_folder(&shelf, 1).join(FILE)).expect("the file");
    file.write_all_at(&[99], 7).expect("written");
    assert!(matches!(shelf.newest(), Err(ShelfError::Damaged { .. })));
    assert!(matches!(shelf.held_for(USER), Err(ShelfError::Damaged { .. })));
    assert!(shelf.held_for("nobody").expect("read").is_none());
}

#[test]
fn it_is_for_its_owner_alone() {
    let (folder, shelf) = shelf();
    std::fs::create_dir(shelf.folder()).expect("a folder");
    std::fs::set_permissions(shelf.folder(), PermissionsExt::from_mode(0o755)).expect("for all");
    stock(&shelf, &[item("a", None, 1)]);
    let mode = |path: &Path| path.metadata().expect("it").permissions().mode() & 0o7777;
    let generation = generation_folder(&shelf, 1);
    assert_eq!((mode(shelf.folder()), mode(&generation)), (0o700, 0o700));
    assert_eq!((mode(&generation.join(FILE)), mode(&generation.join(USER))), (0o600, 0o600));
    // Whoever can write to the state's folder can't have us write elsewhere.
    shelf.clear().expect("cleared");
    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).expect("a folder");
    symlink(&elsewhere, shelf.folder()).expect("a link");
    assert!(matches!(shelf.begin(), Err(ShelfError::Unwritable { .. })));
    File::create(shelf.folder().join("x")).expect("a file");
}
