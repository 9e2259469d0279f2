//! What of an order's contacts may be kept.

use serde_json::{Map, Value};

use super::store::Personal;
use crate::config::Keep;
use crate::digest::Hasher;
use crate::order::Contacts;

/// The parts that the settings name, by their words.
pub(super) fn kept_words(keep: Keep) -> Vec<String> {
    let Keep { client, billing_address, shipping_address, info } = keep;
    let are_kept = [client, billing_address, shipping_address, info];
    Keep::WORDS.into_iter().zip(are_kept).filter(|(_, is_kept)| *is_kept).map(|(word, _)| word.to_owned()).collect()
}

/// The parts of contacts that can't be read, by the fields of an order that can't be.
pub(super) fn unreadable_parts(fields: &[String]) -> Vec<String> {
    let is_unreadable = |part: &&str| fields.iter().any(|field| field == "contacts" || field == part);
    Keep::WORDS.into_iter().filter(is_unreadable).map(str::to_owned).collect()
}

/// What is kept of contacts; `None` = nothing.
pub(super) fn kept(contacts: &Contacts, keep: Keep) -> Option<Personal> {
    let Contacts { client, billing_address, shipping_address, info } = contacts;
    let parts = [
        (keep.client, "client", client),
        (keep.billing_address, "billing_address", billing_address),
        (keep.shipping_address, "shipping_address", shipping_address),
        (keep.info, "info", info),
    ];
    let wanted = parts.into_iter().filter(|(is_kept, ..)| *is_kept);
    let kept: Personal =
        wanted.filter_map(|(_, name, part)| Some((name.to_owned(), Value::Object(part.clone()?)))).collect();
    (!kept.is_empty()).then_some(kept)
}

/// Digests of the e-mail addresses in the addresses. The shop's forms have words of their own: any text may be one.
pub(super) fn emails(contacts: &Contacts, hasher: &Hasher) -> Vec<[u8; 16]> {
    let mut found = Vec::new();
    for address in [&contacts.billing_address, &contacts.shipping_address].into_iter().flatten() {
        texts(address, &mut |text| {
            let words = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '(' | ')'));
            found.extend(words.filter(|word| is_email(word)).map(|word| email_digest(word, hasher)));
        });
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The digest by which a client's orders are found.
pub fn email_digest(email: &str, hasher: &Hasher) -> [u8; 16] {
    let email = format!("e-mail {}", email.trim().to_lowercase());
    hasher.digest(email.as_bytes()).to_be_bytes()
}

fn is_email(word: &str) -> bool {
    word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'))
}

fn texts(fields: &Map<String, Value>, each: &mut dyn FnMut(&str)) {
    fn walk(value: &Value, each: &mut dyn FnMut(&str)) {
        match value {
            Value::String(text) => each(text),
            Value::Array(items) => items.iter().for_each(|item| walk(item, each)),
            Value::Object(fields) => fields.values().for_each(|item| walk(item, each)),
            _ => {}
        }
    }
    fields.values().for_each(|value| walk(value, each));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn contacts(parts: Value) -> Contacts {
        let part = |name: &str| parts[name].as_object().cloned();
        Contacts {
            client: part("client"),
            billing_address: part("billing_address"),
            shipping_address: part("shipping_address"),
            info: part("info"),
        }
    }

    #[test]
    fn nothing_is_kept_that_is_not_named() {
        let contacts = contacts(json!({"client": {"name": "A"}, "billing_address": {"City": "Kyiv"}, "info": {}}));
        assert_eq!(kept(&contacts, Keep::default()), None);
        let kept = kept(&contacts, Keep { billing_address: true, shipping_address: true, ..Keep::default() });
        assert_eq!(Value::Object(kept.expect("an address")), json!({"billing_address": {"City": "Kyiv"}}));
    }

    #[test]
    fn addresses_of_clients_are_found_and_those_of_agents_are_not() {
        let hasher = Hasher::without_secret();
        let contacts = contacts(json!({
            "client": {"name": "c@x.example"},
            "billing_address": {"E-Mail": " Ann <Ann@X.example> ", "deep": [{"x": "b@y.example; ann@x.example"}]},
            "shipping_address": {"Twitter": "@ann", "at": "a@b"},
        }));
        let mut wanted = [email_digest("ann@x.example", &hasher), email_digest("b@y.example", &hasher)];
        wanted.sort_unstable();
        assert_eq!(emails(&contacts, &hasher), wanted);
    }
}
