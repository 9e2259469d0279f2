//! `[newstore]`: its settings and its stores. It may stand alone.

use reqwest::Method;

use super::*;
use crate::phone::PhoneNumber;

const LEAST: &str = "[newstore]\ntenant = \"acme-staging\"\nclient_id = \"c\"\nclient_secret = \"s\"\n";

fn load_alone(text: &str) -> Result<Config, ConfigError> {
    Folder::new(text).load(&[])
}

fn read(lines: &str) -> NewStore {
    load_alone(&format!("{LEAST}{lines}")).expect(lines).newstore.expect("a section")
}

/// All that is wrong.
fn wrong(lines: &str) -> String {
    told(load_alone(&format!("{LEAST}{lines}")).expect_err(lines))
}

fn store(lines: &str) -> String {
    format!("[[newstore.store]]\n{lines}\n")
}

#[test]
fn the_example_shows_the_defaults() {
    let example = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config/shelfkeeper.example.toml"));
    let (_, shown) = example.split_once("# [newstore]\n").expect("the section");
    let (shown, _) = shown.split_once("# [oct8ne]\n").expect("the next one");
    let is_setting =
        |line: &&str| line.starts_with("[[") || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    let lines = shown.lines().filter_map(|line| line.strip_prefix("# ")).filter(is_setting);
    let lines: Vec<&str> =
        lines.filter(|line| !line.starts_with("choose") && !line.starts_with("token_file")).collect();
    let folder = Folder::new("");
    let secret = format!("{:?}", folder.write("newstore_client_secret", "s\n"));
    let text = format!("[newstore]\n{}", lines.join("\n"));
    let text = text.replace("\"/etc/shelfkeeper/newstore_client_secret\"", &secret);
    folder.write("shelfkeeper.toml", &text);
    let mut shown = folder.load(&[]).expect(&text).newstore.expect("a section");
    assert_eq!(shown.stores.len(), 1);
    // What stands in a file was looked up by somebody.
    for endpoint in [&mut shown.retailer, &mut shown.onboard, &mut shown.numbers] {
        assert!(endpoint.is_given);
        endpoint.is_given = false;
    }
    let least = LEAST.replace("acme-staging", "mycompany-staging").replace("\"c\"", "\"shelfkeeper\"");
    let least = load_alone(&least).expect("a config").newstore.expect("a section");
    assert_eq!(format!("{:?}", NewStore { stores: Vec::new(), ..shown }), format!("{least:?}"));
}

#[test]
fn it_stands_alone_and_every_setting_is_read() {
    let config = load_alone(LEAST).expect("a config");
    assert!(config.catalog.is_none() && config.lagerkoll.is_none() && config.emplifi.is_none());
    let least = config.newstore.expect("a section");
    assert_eq!(least.base_url.as_str(), "https://acme-staging.p.newstore.net/");
    let Login::Client { token_url, scope, .. } = &least.login else { panic!("a client") };
    let expected = "https://id.p.newstore.net/auth/realms/acme-staging/protocol/openid-connect/token";
    assert_eq!((token_url.as_str(), scope), (expected, &None));
    assert_eq!(least.file, Path::new("state/newstore-acme-staging.db"));
    assert!(least.status.is_none() && least.ecom_link.is_none() && !least.onboard.is_given);
    let newstore = read(&format!(
        "base_url = \"http://127.0.0.1:1/{{tenant}}\"\nscope = \"a b\"\ntimeout = \"2s\"\nretries = 0\n\
         ecom_link = \"https://shop.example/?a=b\"\nretailer_path = \"PUT /r/{{tenant}}\"\n\
         onboard_path = \"POST /s/{{store_id}}/x?y=z\"\nnumbers_path = \"GET /s/{{store_id}}\"\nstatus_path = \"GET /r\"\n{}{}",
        store("id = \"a/b\"\nphone_number = \"+13055550100\"\nenable = true"),
        store("id = \"2\"\nchoose = { region = \"FL\" }"),
    ));
    assert_eq!(newstore.base_url.as_str(), "http://127.0.0.1:1/acme-staging");
    assert_eq!((&newstore.retailer.method, newstore.retailer.path_for("").as_str()), (&Method::PUT, "r/acme-staging"));
    assert!(newstore.onboard.is_given && newstore.onboard.path_for("7") == "s/7/x?y=z");
    assert_eq!(newstore.status.map(|status| status.path_for("")).as_deref(), Some("r"));
    assert_eq!(newstore.ecom_link.as_deref(), Some("https://shop.example/?a=b"));
    let [first, second] = newstore.stores.as_slice() else { panic!("two stores") };
    assert_eq!((first.id.as_str(), first.enable, second.enable), ("a/b", true, false));
    assert_eq!(first.wanted.number().map(PhoneNumber::as_str), Some("+13055550100"));
}

#[test]
fn secrets_come_as_everywhere() {
    let bare = "[newstore]\ntenant = \"t\"\n";
    let of = |text: &str, variables: &[(&str, &str)]| Folder::new(text).load(variables);
    let token = [("SHELFKEEPER_NEWSTORE_TOKEN", "t0ken")];
    let login = of(bare, &token).expect("a config").newstore.expect("a section").login;
    assert!(matches!(login, Login::Token(token) if token.expose_secret() == "t0ken"));
    let client = format!("{bare}client_id = \"c\"\n");
    let secret = [("SHELFKEEPER_NEWSTORE_CLIENT_SECRET", "s3cret")];
    let login = of(&client, &secret).expect("a config").newstore.expect("a section").login;
    assert!(matches!(login, Login::Client { secret, .. } if secret.expose_secret() == "s3cret"));
    let wrong = |text: &str, variables: &[(&str, &str)]| told(of(text, variables).expect_err(text));
    let both = wrong(&client, &[token[0], secret[0]]);
    assert!(both.contains("SHELFKEEPER_NEWSTORE_TOKEN is given beside client_id"), "{both}");
    assert!(wrong(bare, &secret).contains("given without its client"));
    let none = wrong(bare, &[]);
    assert!(none.contains("newstore.client_id is missing") && none.contains("credential newstore_token"), "{none}");
    assert!(wrong(&client, &[]).contains("credential newstore_client_secret"));
    let found = Folder::new(bare);
    found.write("newstore_token", "from systemd\n");
    let folder = found.path("").display().to_string();
    let login = found.load(&[("CREDENTIALS_DIRECTORY", &folder)]).expect("a config").newstore.expect("it").login;
    assert!(matches!(login, Login::Token(token) if token.expose_secret() == "from systemd"));
}

#[test]
fn what_is_wrong_is_told() {
    for (lines, expected) in [
        ("token = \"t\"", "the secret is given beside client_id"),
        ("base_url = \"acme.example\"", "expected an address"),
        ("token_url = \"ftp://a.example\"", "with http or https"),
        ("ecom_link = \"shop.example\"", "expected the web shop's address"),
        ("ecom_link = \"ftp://shop.example\"", "expected the web shop's address"),
        ("retries = 21", "from 0 to 20"),
        ("onboard_path = \"POST /stores/onboard\"", "write {store_id} where its id goes"),
        ("numbers_path = \"GET /numbers\"", "write {store_id} where its id goes"),
        ("numbers_path = \"POST /{store_id}\"", "can only be GET here"),
        ("onboard_path = \"GET /{store_id}\"", "can only be POST, PUT or PATCH here"),
        ("onboard_path = \"/{store_id}\"", "expected a method and an address below base_url"),
        ("onboard_path = \"POST {store_id}\"", "expected a method and an address below base_url"),
        ("onboard_path = \"POST /{store}/{store_id}\"", "only {store_id} and {tenant} are filled in"),
        ("retailer_path = \"POST /{store_id}\"", "only {tenant} is filled in"),
        ("tennant = \"x\"", "did you mean tenant?"),
    ] {
        let told = wrong(lines);
        assert!(told.contains(expected), "{lines}: {told}");
    }
    for tenant in ["", "Acme", "-acme", "a_b", &"a".repeat(64)] {
        let text = LEAST.replace("acme-staging", tenant);
        let told = told(load_alone(&text).expect_err(&text));
        assert!(told.contains("tenant") && !told.contains("base_url"), "{tenant}: {told}");
    }
}

#[test]
fn what_is_wrong_with_stores_is_told() {
    let number = "phone_number = \"+13055550100\"";
    for (lines, expected) in [
        ("", "newstore.store.id is missing"),
        ("id = 7", "write a text in quotes"),
        ("id = \"..\"", "can't be a store's id"),
        ("id = \"1\"", "the store \"1\" has no number"),
        ("id = \"1\"\nphone_number = \"+1 (305) 555-0100\"", "did you mean \"+13055550100\"?"),
        ("id = \"1\"\nphone_number = \"0013055550100\"", "did you mean \"+13055550100\"?"),
        ("id = \"1\"\nphone_number = 13055550100", "write it in quotes, such as \"+13055550100\""),
        ("id = \"1\"\nphone_number = \"+1234567\"", "expected + and the country's code"),
        ("id = \"1\"\nchoose = {}", "at least one of locality, region and prefix"),
        ("id = \"1\"\nchoose = { town = \"x\" }", "there is no \"town\" to choose by"),
        ("id = \"1\"\nchoose = { prefix = 1904 }", "in quotes"),
        ("id = \"1\"\nchoose = { prefix = \"904\" }", "such as \"+1904\""),
        ("id = \"1\"\nchoose = \"FL\"", "expected a table"),
        (&format!("id = \"1\"\n{number}\nchoose = {{ region = \"FL\" }}"), "beside phone_number"),
        (&format!("id = \"1\"\n{number}\nenable = \"yes\""), "expected true or false"),
    ] {
        let told = wrong(&store(lines));
        assert!(told.contains(expected), "{lines}: {told}");
    }
    let same = |first: &str, second: &str| wrong(&(store(first) + &store(second)));
    let told = same(&format!("id = \"1\"\n{number}"), "id = \"1\"\nchoose = { region = \"FL\" }");
    assert!(told.contains("there is another store of the id \"1\""), "{told}");
    let told = same(&format!("id = \"1\"\n{number}"), &format!("id = \"2\"\n{number}"));
    assert!(told.contains("another store is to have +13055550100 already"), "{told}");
}
