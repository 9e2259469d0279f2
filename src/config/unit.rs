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
