//! `[oct8ne]`.

use super::*;

const HEAD: &str = "[http]\npublic_listen = \"127.0.0.1:0\"\n[oct8ne]\nshop_url = \"https://shop.example/es/\"\n";

fn text(lines: &str) -> String {
    source(&format!("{HEAD}{lines}"))
}

#[test]
fn it_stands_alone() {
    let folder = Folder::new(&text(""));
    let config = folder.load(&[]).expect("no NiceChat is needed");
    assert!(config.catalog.is_none() && config.source().is_some());
    assert_eq!(config.warnings(), [""; 0]);
    let oct8ne = config.oct8ne.expect("a section");
    for locale in ["es", "ES_es", "iw-IL", "zh-Hant-TW", "en-ZZ"] {
        load(&text(&format!("locale = {locale:?}"))).expect(locale);
    }
    assert_eq!(oct8ne.address("/checkout"), "https://shop.example/es/checkout");
    assert_eq!(oct8ne.address("https://a.example/x"), "https://a.example/x");
}

#[test]
fn what_it_lacks_is_told() {
    let fault = |text: &str| errors(text).join("\n");
    assert!(fault(&source("[oct8ne]\nshop_url = \"https://a.example\"")).contains("set public_listen"));
    let no_source = "[http]\npublic_listen = \"127.0.0.1:0\"\n[oct8ne]\nshop_url = \"https://a.example\"";
    assert!(Folder::new(no_source).load(&[]).is_err_and(|error| told(error).contains("section [source]")));
    assert!(fault(&source("[http]\npublic_listen = \"127.0.0.1:0\"\n[oct8ne]")).contains("oct8ne.shop_url is missing"));
    for (line, words) in [
        ("locale = \"english\"", "expected a locale"),
        ("locale = \"xx-ES\"", "that begins with one of these languages: af, am, ar"),
        ("locale = \"jp-JP\"", "it, ja, ka"),
        ("currency = \"xyz\"", "expected a currency"),
        ("timezone = \"Mars/Base\"", "expected a time zone"),
        ("facets = [\"color\"]", "expected \"category\""),
        ("server = \"http://backoffice.oct8ne.com\"", "expected the name of a host"),
        ("checkout_url = \"checkout\"", "begins with a slash"),
        ("enabled = 1", "expected true or false"),
        ("[oct8ne.shop]\nsession_url = \"http://shop.example\"", "use https"),
        ("[oct8ne.shop]\nsession_url = \"https://shop.example\"", "oct8ne.shop.secret is missing"),
        ("[oct8ne.shop]\norders_url = \"https://shop.example/orders\"", "with {email} in it"),
        ("[oct8ne.shop]\norder_url = \"https://shop.example/orders\"", "with {reference} in it"),
        ("[oct8ne.shop]\nsessions = 1", "unknown setting oct8ne.shop.sessions"),
        ("shop = 1", "write [oct8ne.shop], once"),
    ] {
        let told = fault(&text(line));
        assert!(told.contains(words), "{line}: {told}");
    }
}

#[test]
fn secrets_are_found_in_every_way() {
    let lines = "[oct8ne.shop]\norders_url = \"https://shop.example/{email}\"";
    let variables =
        [SECRETS[0], SECRETS[1], ("SHELFKEEPER_OCT8NE_API_TOKEN", "t"), ("SHELFKEEPER_OCT8NE_SHOP_SECRET", "s")];
    let oct8ne = Folder::new(&text(lines)).load(&variables).expect("a config").oct8ne.expect("a section");
    assert_eq!(oct8ne.api_token.as_ref().map(|secret| secret.expose_secret()), Some("t"));
    assert_eq!(oct8ne.shop.secret.as_ref().map(|secret| secret.expose_secret()), Some("s"));
}
