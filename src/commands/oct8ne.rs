//! `oct8ne`: linking the shop up, and what goes into its pages.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use super::outcome::{Exit, Failure, Outcome};
use super::runtime::runtime;
use crate::cli::{Link, Oct8neCommand, Sale, Snippet, Update};
use crate::config::{Config, Oct8ne};
use crate::files;
use crate::remote::oct8ne::{Backoffice, Linked, Refusal};
use crate::state::give_to_owner_of_folder;
use crate::systems::oct8ne::{Page, sale, snippet};

/// More than any password has, in bytes.
const LARGEST: u64 = 64 << 10;

pub(super) fn oct8ne(command: &Oct8neCommand, path: &Path) -> Outcome {
    let found = Config::without_secrets(path, |config| (config.oct8ne.clone(), config.state.path.clone()))?;
    let (Some(settings), state) = found else {
        let error = anyhow::anyhow!(
            "the config has no section [oct8ne]: add it, with shop_url = \"https://shop.example\", and \
             public_listen in [http]"
        );
        return Err(Failure { error, exit: Exit::Config });
    };
    match command {
        Oct8neCommand::Link(arguments) => link(arguments, &settings, &state),
        Oct8neCommand::Snippet(arguments) => print_snippet(arguments, &settings, &state),
        Oct8neCommand::Sale(arguments) => print_sale(arguments, &settings),
        Oct8neCommand::Update(arguments) => update(arguments, &settings),
    }
}

fn failed(error: anyhow::Error) -> Failure {
    Failure { error, exit: Exit::Failed }
}

fn link(arguments: &Link, settings: &Arc<Oct8ne>, state: &Path) -> Outcome {
    let password = password(&arguments.password_file)?;
    let beside = || state.with_file_name("oct8ne_api_token");
    let path = arguments.token_file.clone().unwrap_or_else(beside);
    // Before anything is sent: a token that can't be kept would be lost.
    let mut file = new_file(&path)?;
    let linked = runtime().and_then(|runtime| {
        runtime
            .block_on(async {
                let backoffice = Backoffice::new(&settings.server)?;
                let shop = settings.shop_url.as_str().trim_end_matches('/');
                backoffice.link(&arguments.email, &password, shop, !arguments.disabled).await
            })
            .map_err(|refusal: Refusal| failed(refusal.into()))
    });
    let written = linked.and_then(|linked| {
        writeln!(file, "{}", linked.token.expose_secret()).and_then(|()| file.sync_all())?;
        Ok(linked)
    });
    let Linked { license, server, static_server, .. } = written.inspect_err(|_| {
        // It holds nothing.
        let _ = std::fs::remove_file(&path);
    })?;
    // Who reads the settings may stand elsewhere.
    let whole = std::path::absolute(&path)?;
    let bare = |address: &str| address.trim_start_matches("https://").trim_end_matches('/').to_owned();
    let (server, static_server) = (
        server.unwrap_or_else(|| settings.server.clone()),
        static_server.unwrap_or_else(|| settings.static_server.clone()),
    );
    let mut out = io::stdout().lock();
    writeln!(out, "[oct8ne]")?;
    for (name, value) in [("license", license), ("server", bare(&server)), ("static_server", bare(&static_server))] {
        writeln!(out, "{name} = {}", toml::Value::String(value))?;
    }
    writeln!(out, "api_token_file = {}", toml::Value::String(whole.display().to_string()))?;
    Ok(Exit::Done)
}

fn password(path: &Path) -> Result<SecretString, Failure> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().take(LARGEST).read_to_string(&mut text).map(|_| text)
    } else {
        files::read_text(path, LARGEST)
    };
    let text = text.map_err(|error| {
        let error = anyhow::anyhow!("--password-file {}: cannot be read: {error}", path.display());
        Failure { error, exit: Exit::Config }
    })?;
    match text.trim_end() {
        "" => Err(Failure {
            error: anyhow::anyhow!("--password-file {}: it is empty", path.display()),
            exit: Exit::Config,
        }),
        text => Ok(SecretString::from(text)),
    }
}

fn new_file(path: &PathBuf) -> Result<File, Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let unwritable = |path: &Path, error: &io::Error| {
        failed(anyhow::anyhow!("{}: can't be written: {error}. Nothing was sent", path.display()))
    };
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    // Beside the unit root makes it for the unit's user.
    let file = file.and_then(|file| give_to_owner_of_folder(&file, path).map(|()| file));
    file.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => failed(anyhow::anyhow!(
            "{}: there is a file already, and it is not written over: take it away, or name another one with \
             --token-file. Nothing was sent",
            path.display()
        )),
        _ => unwritable(path, &error),
    })
}

/// Without a licence no script is of use.
fn check_license(settings: &Oct8ne) -> Result<(), Failure> {
    if !settings.license.is_empty() {
        return Ok(());
    }
    let error = anyhow::anyhow!("oct8ne.license is missing: `shelfkeeper oct8ne link` tells it");
    Err(Failure { error, exit: Exit::Config })
}

fn print_snippet(arguments: &Snippet, settings: &Oct8ne, state: &Path) -> Outcome {
    check_license(settings)?;
    let page = Page {
        product: arguments.product.as_deref(),
        locale: arguments.locale.as_deref(),
        currency: arguments.currency.as_deref(),
    };
    let script = snippet(settings, state, &page).map_err(|error| failed(anyhow::anyhow!(error)))?;
    write!(io::stdout().lock(), "{script}")?;
    Ok(Exit::Done)
}

fn print_sale(arguments: &Sale, settings: &Oct8ne) -> Outcome {
    check_license(settings)?;
    let script = sale(
        settings,
        &[
            ("CurrencyCode", arguments.currency.as_deref()),
            ("locale", arguments.locale.as_deref()),
            ("value", arguments.value.as_deref()),
            ("reference", arguments.reference.as_deref()),
            ("customerId", arguments.customer.as_deref()),
            ("contextInfo", arguments.context.as_deref()),
        ],
    );
    write!(io::stdout().lock(), "{script}")?;
    Ok(Exit::Done)
}

fn update(arguments: &Update, settings: &Oct8ne) -> Outcome {
    if arguments.visitor.trim().is_empty() {
        return Ok(Exit::Done);
    }
    let told = runtime()?.block_on(async {
        let backoffice = Backoffice::new(&settings.server)?;
        backoffice.update(arguments.visitor.trim(), arguments.what.name()).await
    });
    told.map(|()| Exit::Done).map_err(|refusal: Refusal| failed(refusal.into()))
}
