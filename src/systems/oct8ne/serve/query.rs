//! What is asked: the method behind `/oct8ne/frame/`, its parameters in any case, and a callback that is a name.

/// The path below which the methods are, in lower case.
const FRAME: &str = "/oct8ne/frame/";
/// Characters of a callback.
const LONGEST_CALLBACK: usize = 128;

/// The method that a path asks for, in lower case; `None` = it is none of ours. What precedes ours doesn't matter.
pub(in crate::systems::oct8ne) fn method(path: &str) -> Option<String> {
    let lower = path.to_ascii_lowercase();
    let at = lower.rfind(FRAME)?;
    let rest = lower[at + FRAME.len()..].trim_end_matches('/');
    Some(rest.to_owned())
}

/// Parameters, their names in lower case.
pub(in crate::systems::oct8ne) struct Query(Vec<(String, String)>);

/// It isn't the name of a function.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::systems::oct8ne) struct BadCallback;

impl Query {
    pub(in crate::systems::oct8ne) fn parse(query: &str) -> Query {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        Query(pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.into_owned())).collect())
    }

    /// Of parameters that were read already.
    pub(in crate::systems::oct8ne) fn of(pairs: Vec<(String, String)>) -> Query {
        Query(pairs)
    }

    pub(in crate::systems::oct8ne) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// The first value of a parameter.
    pub(in crate::systems::oct8ne) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a parameter; nothing, if it isn't there.
    pub(in crate::systems::oct8ne) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// All values of a parameter.
    pub(in crate::systems::oct8ne) fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect()
    }

    /// A number from one on.
    pub(in crate::systems::oct8ne) fn number(&self, name: &str) -> Option<usize> {
        self.count(name).filter(|number| *number > 0)
    }

    /// A number from nought on; one that is larger than any is as large as can be.
    pub(in crate::systems::oct8ne) fn count(&self, name: &str) -> Option<usize> {
        let digits = self.get(name)?.trim();
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse().unwrap_or(usize::MAX))
    }

    /// The function that the answer is given to; an empty one is none.
    ///
    /// # Errors
    /// When it is no name: sent back, it would be a script on the shop's own domain.
    pub(in crate::systems::oct8ne) fn callback(&self) -> Result<Option<&str>, BadCallback> {
        match self.text("callback") {
            "" => Ok(None),
            name if is_callback(name) => Ok(Some(name)),
            _ => Err(BadCallback),
        }
    }
}

fn is_callback(text: &str) -> bool {
    let is_name = |part: &str| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
        part.bytes().next().is_some_and(|first| !first.is_ascii_digit()) && part.bytes().all(is_letter)
    };
    text.len() <= LONGEST_CALLBACK && text.split('.').all(is_name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn methods_are_found_anywhere() {
        for path in ["/oct8ne/frame/search", "/es/Oct8ne/FRAME/Search/", "/oct8ne/frame/x/oct8ne/frame/SEARCH"] {
            assert_eq!(method(path).as_deref(), Some("search"), "{path}");
        }
        assert_eq!(method("/oct8ne/frame/"), Some(String::new()));
        assert_eq!((method("/oct8ne/search"), method("/search")), (None, None));
    }

    #[test]
    fn callbacks_are_names() {
        let callback = |text: &str| {
            let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
            Query::parse(&format!("CallBack={text}")).callback().map(|found| found.map(str::to_owned))
        };
        for name in ["a", "oct8ne.cb_1", "$._", "jQuery123.x", &"a".repeat(128)] {
            assert_eq!(callback(name), Ok(Some(name.to_owned())), "{name}");
        }
        for text in ["1a", "a.", ".a", "a..b", "a-b", "alert(1)//", "a b", "é", "a\n", "<x>", &"a".repeat(129)] {
            assert_eq!(callback(text), Err(BadCallback), "{text}");
        }
        assert_eq!(callback(""), Ok(None));
    }

    #[test]
    fn numbers_of_any_size() {
        let query = Query::parse("a=0&b=+7+&c=99999999999999999999999&d=-1&e=1.5&f=&g=%2B3");
        let numbers = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| query.number(name));
        assert_eq!(numbers, [None, Some(7), Some(usize::MAX), None, None, None, None, None]);
        assert_eq!(query.count("a"), Some(0));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_callbacks_are_harmless(query in "\\PC{0,80}") {
            if let Ok(Some(name)) = Query::parse(&query).callback() {
                prop_assert!(!name.contains(['<', '(', ';', '\'', '"']));
            }
        }
    }
}
