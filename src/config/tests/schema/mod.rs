//! `config/shelfkeeper.schema.json`, for editors: made of the model here and of the example's words, and held against
//! both, against the names that the file may use, and against every config of the tests that we take.

mod model;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::super::names::{SECTIONS, SUBSECTIONS, SectionNames, TABLES};

const EXAMPLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config/shelfkeeper.example.toml"));

/// Fails when the schema refuses a file that we took.
pub(super) fn must_take(text: &str) {
    let file: toml::Table = text.parse().expect("TOML");
    let file = serde_json::to_value(file).expect("JSON");
    let errors: Vec<String> =
        validator().iter_errors(&file).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "the schema refuses {errors:?} of a file that is right:\n{text}");
}

fn refuses(text: &str) -> bool {
    let file: toml::Table = text.parse().expect("TOML");
    !validator().is_valid(&serde_json::to_value(file).expect("JSON"))
}

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&schema()).expect("a schema")
}

/// What the file of the schema holds.
fn schema() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<model::Settings>().to_value();
    without_null(&mut schema);
    for (section, keys) in told() {
        let properties = properties_of(&mut schema, &section);
        for (key, words) in keys {
            if let Some(setting) = properties.get_mut(&key).and_then(Value::as_object_mut) {
                setting.insert("description".to_owned(), words.into());
            }
        }
    }
    schema["title"] = json!("shelfkeeper");
    schema["$comment"] = json!("Made by the tests of src/config/tests/schema; what a setting means is the example's.");
    schema
}

/// TOML has no null: a setting that may be left out is still of its type.
fn without_null(schema: &mut Value) {
    if let Some(list) = schema.as_array_mut() {
        list.retain(|part| *part != json!({"type": "null"}) && !part.is_null());
        list.iter_mut().for_each(without_null);
    }
    let Some(object) = schema.as_object_mut() else { return };
    object.values_mut().for_each(without_null);
    for key in ["type", "anyOf"] {
        let names = object.get_mut(key).and_then(Value::as_array_mut);
        let Some(parts) = names else { continue };
        parts.retain(|part| part != "null");
        if parts.len() == 1 {
            let only = parts.remove(0);
            object.remove(key);
            match only {
                Value::Object(only) => object.extend(only),
                name => _ = object.insert(key.to_owned(), name),
            }
        }
    }
}

/// The settings of a section.
fn properties_of<'s>(schema: &'s mut Value, section: &str) -> &'s mut Map<String, Value> {
    let mut at = schema;
    for name in section.split('.') {
        at = &mut at["properties"][name];
        if at["type"] == "array" {
            at = &mut at["items"];
        }
    }
    at["properties"].as_object_mut().unwrap_or_else(|| panic!("[{section}] is no table of the schema"))
}

/// What the example says of each setting of each section: the words above it.
fn told() -> BTreeMap<String, Vec<(String, String)>> {
    let mut told: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut section = String::new();
    let mut words: Vec<&str> = Vec::new();
    let mut is_used = false;
    for line in EXAMPLE.lines() {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        let heading = bare.strip_prefix('[').and_then(|rest| rest.trim_start_matches('[').split_once(']'));
        let setting = bare.split_once(" = ").map(|(key, _)| key);
        if let Some((name, _)) = heading.filter(|(name, _)| is_section(name)) {
            section = name.to_owned();
            // What is said above one of several tables is about its settings.
            if !TABLES.iter().any(|table| table.name == name) {
                words.clear();
            }
        } else if let Some(key) = setting.filter(|key| is_key(key)) {
            told.entry(section.clone()).or_default().push((key.to_owned(), words.join(" ")));
            is_used = true;
        } else {
            // A blank line ends what was said, and so do settings.
            if is_used || bare.trim().is_empty() {
                words.clear();
            }
            is_used = false;
            words.extend(Some(bare.trim()).filter(|bare| !bare.is_empty() && line.starts_with('#')));
        }
    }
    told
}

fn sections() -> impl Iterator<Item = &'static SectionNames> {
    SECTIONS.iter().chain(&SUBSECTIONS).chain(&TABLES)
}

fn is_section(name: &str) -> bool {
    sections().any(|section| section.name == name)
}

fn is_key(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

#[test]
fn the_file_is_what_the_model_and_the_example_make() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/shelfkeeper.schema.json");
    let made = format!("{:#}\n", schema());
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(&path, &made).expect("a written file");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == made,
        "config/shelfkeeper.schema.json is old: INSTA_UPDATE=always cargo test --lib config::tests::schema"
    );
}

#[test]
fn it_has_the_names_that_the_file_may_use() {
    let mut schema = schema();
    for section in sections() {
        let names: BTreeSet<&str> = section.keys.iter().copied().collect();
        // A section within another one is a setting of it there.
        let below = SUBSECTIONS.iter().filter_map(|below| below.name.split_once('.'));
        let below: BTreeSet<&str> = below.filter(|(above, _)| *above == section.name).map(|(_, key)| key).collect();
        let there: BTreeSet<String> = properties_of(&mut schema, section.name).keys().cloned().collect();
        let there: BTreeSet<&str> = there.iter().map(String::as_str).collect();
        assert_eq!(there, names.union(&below).copied().collect(), "{}", section.heading());
    }
    let all: BTreeSet<String> = SECTIONS.iter().map(|section| section.name.to_owned()).collect();
    assert_eq!(schema["properties"].as_object().expect("sections").keys().cloned().collect::<BTreeSet<_>>(), all);
}

#[test]
fn what_the_example_shows_has_its_words() {
    let told = told();
    assert!(told.values().map(Vec::len).sum::<usize>() > 100, "{told:?}");
    for (section, keys) in told {
        for (key, words) in keys {
            assert!(!words.is_empty(), "[{section}] {key} stands in the example without a word");
        }
    }
}

#[test]
fn it_takes_the_example_and_refuses_what_is_wrong() {
    must_take(EXAMPLE);
    for wrong in [
        "[source]\nlocation = \"a\"\nshedule = \"every 15m\"",
        "[source]\nlocation = \"a\"\ntype = \"csv\"",
        "[source]\nschedule = \"every 15m\"",
        "[nicechat]\nconcurrency = 0",
        "[nicechat]\nconcurrency = \"many\"",
        "[nicechat]\nretries = 21",
        "[guard]\nmax_delete_percent = 101",
        "[[notify.hook]]\nname = \"a\"\nevents = [\"order.newest\"]",
        "[nonsense]\n",
    ] {
        assert!(refuses(wrong), "{wrong}");
    }
}
