//! The systemd unit that a config file is read by.
//!
//! Whoever types a command with the unit's config gets no variables from systemd, and is to work with the unit's
//! state all the same: a second state beside it would take the first one's objects for somebody else's.

use std::path::{Path, PathBuf};

/// Where the units in `systemd/` read their config.
const CONFIGS: &str = "/etc/shelfkeeper";
/// Where systemd keeps what `StateDirectory=` names.
const STATES: &str = "/var/lib";
/// The config of the unit for one shop; every other name is an instance of the template.
const ONE_SHOP: &str = "shelfkeeper";

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

/// The state directory of the unit that reads this file; `None` when none does.
pub(super) fn state_directory(config: &Path) -> Option<PathBuf> {
    let name = name_in(Path::new(CONFIGS), config)?;
    let directory = if name == ONE_SHOP { ONE_SHOP.to_owned() } else { format!("{ONE_SHOP}-{name}") };
    Some(Path::new(STATES).join(directory))
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
    fn a_shop_has_the_config_that_its_unit_reads() {
        assert_eq!(config_of("north-2"), Path::new("/etc/shelfkeeper/north-2.toml"));
        assert_eq!(config_of(ONE_SHOP), Path::new("/etc/shelfkeeper/shelfkeeper.toml"));
        assert_eq!(shop_name("north_2").as_deref(), Ok("north_2"));
        for name in ["", "a/b", "..", "a b", &"x".repeat(29)] {
            assert!(shop_name(name).is_err(), "{name:?}");
        }
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
