//! Secrets: each is given in exactly one way, and never shown. Only a systemd credential may stand beside another
//! one, a file: so one config serves the unit, which gets the credential, and root at a shell, who reads the file.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use thiserror::Error;

use super::ConfigError;
use super::environment::{Environment, Secrets};
use super::names::{SecretNames, SectionNames, heading};
use super::section::{Section, Setting};
use super::units::list;
use crate::files;

/// Why a value is not in a message.
const NOT_SHOWN: &str = "(its name isn't shown here: it may be the secret itself)";

/// More than any key has: a secret file that is longer is another file.
const MAX_BYTES: u64 = 64 * 1024;

/// A secret that has to be there; where none is needed, it may be blank instead.
pub(super) fn required(
    section: &Section<'_>,
    names: SecretNames,
    environment: &Environment,
) -> Result<SecretString, ConfigError> {
    match (given(section, names, environment)?.as_slice(), environment.secrets()) {
        ([] | [Given::File(..)], Secrets::Unneeded) => Ok(SecretString::default()),
        ([], Secrets::Located) => {
            section.comes_from(names.key, None, "missing here; a credential that only the unit sees?".to_owned());
            Ok(SecretString::default())
        }
        ([one], secrets) => {
            note(section, names, one);
            if secrets == Secrets::Located {
                return Ok(SecretString::default());
            }
            one.read(&credential(&section.secrets, names.key))
        }
        ([], Secrets::Needed) => Err(section.lacks(names.key, missing(section, names))),
        (several, _) => Err(section.error(format!(
            "{}.{} is given {} times, by {}; keep one of them",
            section.name,
            names.key,
            several.len(),
            list(several.iter().map(ToString::to_string), "and"),
        ))),
    }
}

/// Notes where a secret comes from.
fn note(section: &Section<'_>, names: SecretNames, given: &Given<'_>) {
    let elsewhere = |origin| section.comes_from(names.key, Some("\"***\"".to_owned()), origin);
    match given {
        Given::Setting(_) => section.read_secret_from(None),
        Given::File(_, path) => section.read_secret_from(Some((path, credential(&section.secrets, names.key)))),
        Given::Variable(name, _) => elsewhere(format!("environment {name}")),
        Given::Credential(_) => elsewhere(format!("credential {}", credential(&section.secrets, names.key))),
    }
}

/// Every way in which a secret is given. A file setting that is empty is none, and so is a file that a credential takes
/// the place of, and whatever is empty beside another one.
pub(super) fn given<'d>(
    section: &Section<'d>,
    names: SecretNames,
    environment: &Environment,
) -> Result<Vec<Given<'d>>, ConfigError> {
    let mut given: Vec<Given<'d>> = section.get(names.key).map(Given::Setting).into_iter().collect();
    if let Some(setting) = section.get_filled(names.file) {
        given.push(Given::File(setting, PathBuf::from(setting.text()?)));
    }
    if environment.secrets() == Secrets::Unneeded {
        return Ok(but_empty_ones(given));
    }
    let variable = variable(&section.secrets, names.key);
    if let Some(value) = environment.var(&variable) {
        given.push(Given::Variable(variable, value));
    }
    if let Some(folder) = environment.path("CREDENTIALS_DIRECTORY") {
        let path = folder.join(credential(&section.secrets, names.key));
        // A credential that is there but can't be looked at counts: reading it will tell why.
        if path.try_exists().unwrap_or(true) {
            given.retain(|way| !matches!(way, Given::File(..)));
            given.push(Given::Credential(path));
        }
    }
    Ok(but_empty_ones(given))
}

/// Without those that are empty beside another one.
fn but_empty_ones(mut given: Vec<Given<'_>>) -> Vec<Given<'_>> {
    if given.len() > 1 {
        given.retain(|way| !way.is_empty());
    }
    given
}

/// What is said of a secret that is missing.
pub(super) fn missing(section: &Section<'_>, SecretNames { key, file }: SecretNames) -> String {
    let (name, secrets, section) = (section.name, &section.secrets, heading(section.name));
    format!(
        "{name}.{key} is missing. Give it in one of these ways:\
         \n  {file} = \"/path/to/a/file\" in section {section} (the best way)\
         \n  {key} = \"...\" in section {section}\
         \n  the environment variable {}\
         \n  the systemd credential {} (LoadCredential= of the unit, which alone sees it; goes before a file)",
        variable(secrets, key),
        credential(secrets, key),
    )
}

/// Whether the environment has a section's secret, whatever the file says.
pub(super) fn is_in(environment: &Environment, section: &SectionNames, names: SecretNames) -> bool {
    let credential =
        environment.path("CREDENTIALS_DIRECTORY").map(|folder| folder.join(credential(section.name, names.key)));
    environment.var(&variable(section.name, names.key)).is_some() || credential.is_some_and(|path| path.exists())
}

/// In capitals, with `_` for what no shell takes in a name.
fn variable(section: &str, key: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("SHELFKEEPER_{section}_{key}").chars().map(plain).collect()
}

fn credential(section: &str, key: &str) -> String {
    format!("{section}_{key}")
}

/// One way in which a secret is given. Prints the way, not the secret.
pub(super) enum Given<'d> {
    /// As it is, in the config file.
    Setting(Setting<'d>),
    /// In a file that the config file names.
    File(Setting<'d>, PathBuf),
    /// In a variable, by its name.
    Variable(String, OsString),
    /// In a file that systemd made for us.
    Credential(PathBuf),
}

impl Given<'_> {
    fn is_empty(&self) -> bool {
        match self {
            Given::Setting(setting) => setting.text().is_ok_and(str::is_empty),
            Given::Variable(_, value) => value.is_empty(),
            Given::File(..) | Given::Credential(_) => false,
        }
    }

    /// The secret. White space at a file's end, and a mark at its beginning, are the editor's, not the secret's.
    fn read(&self, credential: &str) -> Result<SecretString, ConfigError> {
        let text = match self {
            Given::Setting(setting) => Ok(setting.text()?.to_owned()),
            Given::File(_, path) => read_file(path).map_err(|error| for_service(error, path, credential)),
            Given::Credential(path) => read_file(path).map_err(|error| error.to_string()),
            Given::Variable(_, value) => value.to_str().map(str::to_owned).ok_or_else(|| "is not UTF-8".to_owned()),
        };
        match text.and_then(usable) {
            Ok(secret) => Ok(secret),
            Err(reason) => Err(self.error(&reason)),
        }
    }

    /// A message that begins with the way, and its line if it has one.
    pub(super) fn error(&self, reason: &str) -> ConfigError {
        match self {
            Given::Setting(setting) => setting.bad(format!("the secret {reason}")),
            Given::File(setting, path) if is_surely_path(path) => setting.bad(format!("the file {reason}")),
            Given::File(setting, _) => setting.hidden(format!("the file {reason}\n{NOT_SHOWN}")),
            Given::Variable(..) | Given::Credential(_) => ConfigError::new(format!("{self} {reason}")),
        }
    }
}

impl fmt::Display for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Given::Setting(setting) | Given::File(setting, _) => write!(f, "the setting {setting}"),
            Given::Variable(name, _) => write!(f, "the environment variable {name}"),
            Given::Credential(path) => write!(f, "the systemd credential {}", path.display()),
        }
    }
}

/// Why a file gives no secret.
#[derive(Debug, Error)]
enum Unreadable {
    #[error("is longer than 64 KiB: it cannot be a secret")]
    TooLong,
    #[error("cannot be read: {0}")]
    Io(io::Error),
}

/// What is in a secret's file, without the byte order mark that some editors put before it.
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn read_file(path: &Path) -> Result<String, Unreadable> {
    match files::read_text(path, MAX_BYTES) {
        Ok(text) => Ok(without_mark(&text).trim_end().to_owned()),
        Err(error) if error.kind() == ErrorKind::FileTooLarge => Err(Unreadable::TooLong),
        Err(error) => Err(Unreadable::Io(error)),
    }
}

/// The words for a file that the config names. A service is a user of its own: what is root's alone is handed to it.
fn for_service(error: Unreadable, path: &Path, credential: &str) -> String {
    match &error {
        Unreadable::Io(denied) if denied.kind() == ErrorKind::PermissionDenied => {
            format!("{error}. A service is given it by its unit: {}, and restart it", load_credential(credential, path))
        }
        _ => error.to_string(),
    }
}

/// What hands a unit a file that only root may read.
pub(super) fn load_credential(credential: &str, path: &Path) -> String {
    format!("`systemctl edit` it, and write LoadCredential={credential}:{} below [Service]", path.display())
}

/// Whether a value is surely the path of a file: something lies there, or at least its folder does. A secret
/// that was put where its file should be named may begin with a slash, too.
pub(super) fn is_surely_path(path: &Path) -> bool {
    let is_there = |path: &Path| path.try_exists().unwrap_or(false);
    let folder = path.parent().filter(|folder| folder.components().count() > 1 || folder.is_relative());
    is_there(path) || folder.is_some_and(|folder| !folder.as_os_str().is_empty() && is_there(folder))
}

/// A secret goes into headers, which know no line breaks.
fn usable(text: String) -> Result<SecretString, String> {
    if text.trim().is_empty() {
        return Err("is empty".to_owned());
    }
    if text.contains(char::is_control) {
        return Err("has a line break or a control character inside".to_owned());
    }
    Ok(SecretString::from(text))
}
