//! The systemd unit that a config file is read by.
//!
//! Whoever types a command with the unit's config gets no variables from systemd, and is to work with the unit's
//! state all the same: a second state beside it would take the first one's objects for somebody else's.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// Where the units in `systemd/` read their config.
const CONFIGS: &str = "/etc/shelfkeeper";
/// Where systemd keeps what `StateDirectory=` names.
const STATES: &str = "/var/lib";
/// Where systemd looks for units and their drop-ins.
const UNITS: [&str; 3] = ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system"];
/// The config of the unit for one shop; every other name is an instance of the template.
const ONE_SHOP: &str = "shelfkeeper";

/// The state's file in its directory.
pub(super) const FILE: &str = "shelfkeeper.db";

/// With what its unit puts before it, a user's name has no room for more.
const LONGEST_NAME: usize = 28;

/// The config that the unit of a shop reads.
pub(super) fn config_of(shop: &str) -> PathBuf {
    Path::new(CONFIGS).join(format!("{shop}.toml"))
}

/// A shop's name, if a unit can have it.
///
/// # Errors
/// In words, why it can't.
pub fn shop_name(name: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_plain) {
        return Err(format!("a name has letters, digits, - and _, and at most {LONGEST_NAME} of them"));
    }
    Ok(name.to_owned())
}

/// How this program is called by hand so that it finds the shop of this config: as an instance of the template it has to
/// be named.
pub(super) fn program_for(config: &Path) -> String {
    program_in(Path::new(CONFIGS), config)
}

fn program_in(configs: &Path, config: &Path) -> String {
    name_in(configs, config).map_or_else(|| program_of(ONE_SHOP), |name| program_of(&name))
}

/// How a shop's commands and its daemon are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// This program, by hand.
    pub program: String,
    /// The unit, if there is one.
    pub unit: Option<String>,
}

impl Caller {
    /// The same words with their commands as they are to be typed for the shop.
    pub fn typed(&self, words: &str) -> String {
        let words = words.replace("`shelfkeeper ", &format!("`{} ", self.program));
        let unit = self.unit.as_deref().unwrap_or(ONE_SHOP);
        words.replace("`systemctl status shelfkeeper`", &format!("`systemctl status {unit}`"))
    }
}

/// The unit that reads this file; `None` = none does.
pub(super) fn unit_of(config: &Path) -> Option<String> {
    unit_in(Path::new(CONFIGS), config)
}

fn unit_in(configs: &Path, config: &Path) -> Option<String> {
    let name = name_in(configs, config)?;
    Some(if name == ONE_SHOP { ONE_SHOP.to_owned() } else { format!("{ONE_SHOP}@{name}") })
}

/// Whether a unit's files hand it a credential.
pub(super) fn is_handed(unit: &str, credential: &str) -> bool {
    UNITS.iter().any(|folder| is_handed_in(Path::new(folder), unit, credential))
}

fn is_handed_in(units: &Path, unit: &str, credential: &str) -> bool {
    let template = unit.split_once('@').map(|(name, _)| format!("{name}@"));
    let files = [Some(unit.to_owned()), template].into_iter().flatten().flat_map(|name| {
        let folder = units.join(format!("{name}.service.d"));
        let files = names_in(&folder).unwrap_or_default().into_iter().filter(|file| file.ends_with(".conf"));
        files.map(move |file| folder.join(file)).chain([units.join(format!("{name}.service"))])
    });
    let hands = |line: &str| {
        let Some((key, value)) = line.split_once('=') else { return false };
        let is_one = matches!(
            key.trim(),
            "LoadCredential" | "LoadCredentialEncrypted" | "SetCredential" | "SetCredentialEncrypted"
        );
        is_one && value.split(':').next().is_some_and(|name| name.trim() == credential)
    };
    files.filter_map(|file| std::fs::read_to_string(file).ok()).any(|text| text.lines().any(hands))
}

fn program_of(shop: &str) -> String {
    if shop == ONE_SHOP || shop_name(shop).is_err() {
        return "shelfkeeper".to_owned();
    }
    format!("shelfkeeper --shop {shop}")
}

/// The state directory of the unit that reads this file; `None` when none does.
pub fn state_directory(config: &Path) -> Option<PathBuf> {
    Some(state_of(&name_in(Path::new(CONFIGS), config)?))
}

fn state_of(shop: &str) -> PathBuf {
    let directory = if shop == ONE_SHOP { ONE_SHOP.to_owned() } else { format!("{ONE_SHOP}-{shop}") };
    Path::new(STATES).join(directory)
}

/// A shop that a unit looks after, or once did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitShop {
    /// Its name.
    pub name: String,
    /// Its config; `None` = there is none.
    pub config: Option<PathBuf>,
    /// Where its state is, unless the config says otherwise.
    pub state: PathBuf,
}

impl UnitShop {
    /// The state's file, unless the config says otherwise.
    pub fn state_file(&self) -> PathBuf {
        self.state.join(FILE)
    }

    /// How this program is called by hand for it.
    pub fn program(&self) -> String {
        program_of(&self.name)
    }
}

/// The shops of this machine's units, by their names: of whichever there is a config or a state.
///
/// # Errors
/// When a folder that is there can't be looked into.
pub fn unit_shops() -> io::Result<Vec<UnitShop>> {
    shops_in(Path::new(CONFIGS), Path::new(STATES))
}

fn shops_in(configs: &Path, states: &Path) -> io::Result<Vec<UnitShop>> {
    let mut names = BTreeSet::new();
    for name in names_in(configs)? {
        names.extend(name.strip_suffix(".toml").and_then(|name| shop_name(name).ok()));
    }
    for name in names_in(states)? {
        let shop = if name == ONE_SHOP {
            Some(ONE_SHOP)
        } else {
            name.strip_prefix(ONE_SHOP).and_then(|n| n.strip_prefix('-'))
        };
        names.extend(shop.and_then(|name| shop_name(name).ok()));
    }
    let shop = |name: String| {
        let config = configs.join(format!("{name}.toml"));
        // One that can't be looked at, or leads nowhere, counts: reading it will tell why.
        let is_absent = |error: io::Error| error.kind() == io::ErrorKind::NotFound;
        let config = Some(config).filter(|config| !config.symlink_metadata().is_err_and(is_absent));
        let state = states.join(state_of(&name).file_name().unwrap_or_default());
        UnitShop { name, config, state }
    };
    Ok(names.into_iter().map(shop).collect())
}

/// The names of what is in a folder; of one that isn't there, none.
fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(io::Error::new(error.kind(), format!("{} can't be looked into: {error}", folder.display())));
        }
        Ok(entries) => entries,
    };
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// The file's name without its ending, if it lies in the folder: as it was named, or as a link to there.
fn name_in(folder: &Path, config: &Path) -> Option<String> {
    let folder = real(folder)?;
    let named = std::path::absolute(config).ok();
    let file = [named, real(config)]
        .into_iter()
        .flatten()
        .find(|path| path.parent().and_then(real).is_some_and(|parent| parent == folder))?;
    Some(file.file_stem()?.to_str()?.to_owned())
}

/// A path without links and dots.
fn real(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_shop_is_named_where_there_are_several() {
        let unit = |config: &str| unit_in(Path::new("/"), Path::new(config));
        assert_eq!(unit("/north-2.toml").as_deref(), Some("shelfkeeper@north-2"));
        assert_eq!(unit("/shelfkeeper.toml").as_deref(), Some("shelfkeeper"));
        assert_eq!(unit("/somewhere/else/north-2.toml"), None);
        let program = |config: &str| program_in(Path::new("/"), Path::new(config));
        assert_eq!(program("/north-2.toml"), "shelfkeeper --shop north-2");
        for config in ["/shelfkeeper.toml", "/no name.toml", "/somewhere/else/north-2.toml"] {
            assert_eq!(program(config), "shelfkeeper", "{config}");
        }
    }

    #[test]
    fn a_shop_has_the_config_that_its_unit_reads() {
        assert_eq!(config_of("north-2"), Path::new("/etc/shelfkeeper/north-2.toml"));
        assert_eq!(config_of(ONE_SHOP), Path::new("/etc/shelfkeeper/shelfkeeper.toml"));
        assert_eq!(shop_name("north_2").as_deref(), Ok("north_2"));
        for name in ["", "a/b", "..", "a b", &"x".repeat(29)] {
            assert!(shop_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_unit_is_handed_what_a_file_of_its_own_or_its_template_says() {
        let place = tempfile::tempdir().expect("a folder");
        let is_handed = |credential: &str| is_handed_in(place.path(), "shelfkeeper@north", credential);
        assert!(!is_handed("http_password"));
        for (file, line) in [
            (
                "shelfkeeper@.service",
                "LoadCredential=nicechat_api_key:/etc/shelfkeeper/%i.api_key\n# LoadCredential=no:/no",
            ),
            ("shelfkeeper@.service.d/all.conf", " LoadCredential = http_password:/etc/shelfkeeper/http_password"),
            ("shelfkeeper@north.service.d/own.conf", "LoadCredentialEncrypted=source_password"),
            ("shelfkeeper@south.service.d/own.conf", "LoadCredential=no:/no"),
            ("shelfkeeper@north.service.d/old.conf.bak", "LoadCredential=no:/no"),
        ] {
            let path = place.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, format!("[Service]\n{line}\n")).expect("a file");
        }
        assert!(["nicechat_api_key", "http_password", "source_password"].into_iter().all(is_handed));
        assert!(!is_handed("no") && !is_handed("http"));
    }

    #[test]
    fn a_config_that_leads_nowhere_is_one() {
        let place = tempfile::tempdir().expect("a folder");
        symlink("/nowhere", place.path().join("north.toml")).expect("a link");
        let shops = shops_in(place.path(), &place.path().join("lib")).expect("shops");
        assert_eq!(shops.iter().filter(|shop| shop.config.is_some()).count(), 1, "{shops:?}");
    }

    #[test]
    fn shops_are_those_with_a_config_or_a_state() {
        let place = tempfile::tempdir().expect("a folder");
        let (etc, lib) = (place.path().join("etc"), place.path().join("lib"));
        assert_eq!(shops_in(&etc, &lib).expect("none"), []);
        for folder in [&etc, &lib.join("shelfkeeper"), &lib.join("shelfkeeper-gone"), &lib.join("other-shop")] {
            std::fs::create_dir_all(folder).expect("a folder");
        }
        for file in ["north.toml", "south.toml", "shelfkeeper.example.toml", "north.api_key", "a b.toml"] {
            std::fs::write(etc.join(file), "").expect("a file");
        }
        let shops = shops_in(&etc, &lib).expect("shops");
        let told: Vec<_> = shops.iter().map(|shop| (shop.name.as_str(), shop.config.is_some())).collect();
        assert_eq!(told, [("gone", false), ("north", true), ("shelfkeeper", false), ("south", true)]);
        assert_eq!((&shops[0].state, &shops[2].state), (&lib.join("shelfkeeper-gone"), &lib.join("shelfkeeper")));
        std::fs::write(place.path().join("file"), "").expect("a file");
        assert!(shops_in(&place.path().join("file"), &lib).is_err());
    }

    #[test]
    fn files_in_the_folder_of_the_units_have_a_name() {
        let place = tempfile::tempdir().expect("a folder");
        let at = |name: &str| place.path().join(name);
        std::fs::create_dir_all(at("etc/more")).expect("folders");
        for file in ["etc/shelfkeeper.toml", "etc/north-2.toml", "etc/more/a.toml", "shelfkeeper.toml"] {
            std::fs::write(at(file), "").expect("a file");
        }
        for (link, to) in [("link.toml", "etc/north-2.toml"), ("etc/far.toml", "shelfkeeper.toml"), ("linked", "etc")] {
            symlink(at(to), at(link)).expect("a link");
        }
        for (file, name) in [
            ("etc/shelfkeeper.toml", Some("shelfkeeper")),
            ("etc/north-2.toml", Some("north-2")),
            ("etc/more/../north-2.toml", Some("north-2")),
            ("linked/north-2.toml", Some("north-2")),
            ("link.toml", Some("north-2")),
            ("etc/far.toml", Some("far")),
            ("etc/more/a.toml", None),
            ("shelfkeeper.toml", None),
            ("absent/shelfkeeper.toml", None),
        ] {
            for folder in ["etc", "linked"] {
                assert_eq!(name_in(&at(folder), &at(file)).as_deref(), name, "{file} in {folder}");
            }
        }
        assert_eq!(name_in(&at("absent"), &at("shelfkeeper.toml")), None);
    }
}
