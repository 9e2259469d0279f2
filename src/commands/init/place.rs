//! Where a config and its secrets are written, and never over another file.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::config::{self, Config};
use anyhow::{Context as _, anyhow};
use secrecy::{ExposeSecret as _, SecretString};

/// The shop of the unit without an instance.
const ONE_SHOP: &str = "shelfkeeper";

/// The shop whose unit has its config there.
pub(super) fn shop_at(config: &Path) -> Option<String> {
    let config = std::path::absolute(config).ok()?;
    let name = config.file_stem()?.to_str()?.to_owned();
    (config::shop_name(&name).is_ok() && Config::place_of(&name) == config).then_some(name)
}

/// The files of a shop.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) config: PathBuf,
    pub(super) api_key: PathBuf,
    pub(super) api_secret: PathBuf,
}

impl Place {
    /// Where the units look for the files of a shop of this name; else beside the config that was named.
    pub(super) fn of(shop: Option<&str>, config: Option<PathBuf>) -> anyhow::Result<Place> {
        match shop {
            Some(shop) => Ok(Place::of_shop(shop)),
            None => {
                let config = std::path::absolute(config.unwrap_or_else(|| "config/shelfkeeper.toml".into()))?;
                let beside = |name: &str| config.with_file_name(name);
                let (api_key, api_secret) = (beside("nicechat_api_key"), beside("nicechat_api_secret"));
                Ok(Place { config, api_key, api_secret })
            }
        }
    }

    fn of_shop(shop: &str) -> Place {
        let config = Config::place_of(shop);
        let at = |name: &str| config.with_file_name(name);
        let (api_key, api_secret) = match shop {
            ONE_SHOP => (at("nicechat_api_key"), at("nicechat_api_secret")),
            shop => (at(&format!("{shop}.api_key")), at(&format!("{shop}.api_secret"))),
        };
        Place { api_key, api_secret, config }
    }

    /// Where a unit would look for a config of this name.
    fn of_unit(&self) -> PathBuf {
        let name = self.config.file_stem().unwrap_or_default().to_string_lossy();
        Config::place_of(&name)
    }

    /// Fails when the config is there already. That of a secret is found out when one is written.
    pub(super) fn check_free(&self) -> anyhow::Result<()> {
        if self.config.try_exists().unwrap_or(true) {
            return Err(is_there(&self.config));
        }
        Ok(())
    }

    /// Writes all of it, or nothing.
    pub(super) fn write(&self, config: &str, secrets: [Option<(&Path, SecretString)>; 2]) -> anyhow::Result<Written> {
        let mut written = Written::default();
        let result = self.write_into(&mut written, config, secrets);
        if result.is_err() {
            written.undo();
            return result.map(|()| Written::default());
        }
        Ok(written)
    }

    fn write_into(
        &self,
        written: &mut Written,
        config: &str,
        secrets: [Option<(&Path, SecretString)>; 2],
    ) -> anyhow::Result<()> {
        let folder = self.config.parent().unwrap_or(Path::new("/"));
        make_folder(folder).with_context(|| format!("{} can't be made", folder.display()))?;
        for (path, secret) in secrets.into_iter().flatten() {
            written.create(path, 0o600, &format!("{}\n", secret.expose_secret().trim()))?;
        }
        // The address of a feed may be a secret itself. A unit reads its config as a user of its own.
        let mode = if self.config == self.of_unit() { 0o644 } else { 0o600 };
        written.create(&self.config, mode, config)
    }
}

/// Makes a folder that a unit's user can look into, whatever the umask.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
    fs::set_permissions(folder, Permissions::from_mode(0o755))
}

/// Files that were made.
#[derive(Debug, Default)]
pub(super) struct Written(Vec<PathBuf>);

impl Written {
    fn create(&mut self, path: &Path, mode: u32, text: &str) -> anyhow::Result<()> {
        let named = || format!("{} can't be written", path.display());
        let file = match OpenOptions::new().write(true).create_new(true).mode(mode).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(is_there(path)),
            opened => opened.with_context(named)?,
        };
        self.0.push(path.to_owned());
        // Whatever the umask.
        file.set_permissions(Permissions::from_mode(mode)).with_context(named)?;
        write_all(file, text).with_context(named)
    }

    /// Takes them away again.
    pub(super) fn undo(self) {
        for path in self.0 {
            // What can't be removed was made by nobody else, and holds nothing that is in use.
            let _ = std::fs::remove_file(path);
        }
    }

    pub(super) fn tell(&self, out: &mut impl Write) -> io::Result<()> {
        self.0.iter().try_for_each(|path| writeln!(out, "wrote {}", path.display()))
    }
}

fn write_all(mut file: File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn is_there(path: &Path) -> anyhow::Error {
    anyhow!("{} is there already, and stays as it is; nothing was written", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_has_the_files_that_its_unit_reads() {
        let place = |shop| Place::of(Some(shop), None).expect(shop);
        assert_eq!(place("north-2").config, Path::new("/etc/shelfkeeper/north-2.toml"));
        assert_eq!(place("north-2").api_key, Path::new("/etc/shelfkeeper/north-2.api_key"));
        assert_eq!(place("north-2").api_secret, Path::new("/etc/shelfkeeper/north-2.api_secret"));
        assert_eq!(shop_at(Path::new("/etc/shelfkeeper/north-2.toml")).as_deref(), Some("north-2"));
        assert_eq!(shop_at(Path::new("/etc/shelfkeeper/shop.eu.toml")), None);
        assert_eq!(shop_at(Path::new("/srv/shelfkeeper/north-2.toml")), None);
        assert_eq!(place("shelfkeeper").config, Path::new("/etc/shelfkeeper/shelfkeeper.toml"));
        assert_eq!(place("shelfkeeper").api_key, Path::new("/etc/shelfkeeper/nicechat_api_key"));
    }
}
