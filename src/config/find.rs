//! Where the settings are looked for.

use std::path::{Path, PathBuf};

use super::ConfigError;
use super::environment::Environment;
use super::unit::unit_shops;

/// The variable that names the file.
pub const VARIABLE: &str = "SHELFKEEPER_CONFIG";

/// Where the file is looked for when nobody named it, the first one first.
pub(super) const PLACES: [&str; 2] = ["config/shelfkeeper.toml", "/etc/shelfkeeper/shelfkeeper.toml"];

/// The file to read. One that was named must be there: falling back to another would run with
/// settings that nobody asked for.
pub(super) fn find(
    explicit: Option<&Path>,
    environment: &Environment,
    places: &[&Path],
) -> Result<PathBuf, ConfigError> {
    if let Some(path) = explicit {
        return named(path.to_owned(), "--config");
    }
    if let Some(path) = environment.path(VARIABLE) {
        return named(path, &format!("${VARIABLE}"));
    }
    match places.iter().find(|place| is_there(place)) {
        Some(place) => Ok(place.to_path_buf()),
        None => Err(nowhere(places)),
    }
}

pub(super) fn named(path: PathBuf, by: &str) -> Result<PathBuf, ConfigError> {
    if is_there(&path) {
        return Ok(path);
    }
    let shops = if by.starts_with("--shop") { shops_here() } else { String::new() };
    Err(ConfigError::new(format!("there is no config file {}, which {by} names{shops}", path.display())))
}

/// The shops that have a unit's config, for whoever has named none of them.
fn shops_here() -> String {
    let units = unit_shops().unwrap_or_default();
    let names: Vec<String> = units.into_iter().filter(|unit| unit.config.is_some()).map(|unit| unit.name).collect();
    if names.is_empty() {
        return String::new();
    }
    format!("\nShops here: {} (--shop NAME, or `shelfkeeper status --all`)", names.join(", "))
}

/// Whether something is there. What can't be looked at counts: reading it will tell why.
fn is_there(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

fn nowhere(places: &[&Path]) -> ConfigError {
    let shops = shops_here();
    let places: String = places.iter().map(|place| format!("\n  {}", place.display())).collect();
    ConfigError::new(format!(
        "there is no config file. Looked for it at\
         \n  --config (not given)\
         \n  ${VARIABLE} (not set){places}{shops}\
         \n`shelfkeeper init` writes one; or copy config/shelfkeeper.example.toml to one of these places and \
         fill it in, or try `shelfkeeper demo`, which needs none."
    ))
}
