//! Which language a page speaks.

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_LANGUAGE;
use qunliao_protocol::Language;

/// The language that a page is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Speech(pub(super) Language);

impl Speech {
    /// The language that `request` asks for: with `?lang=`, else with its header,
    /// else the server's own.
    pub(super) fn of(request: &HttpRequest, own: Language) -> Self {
        let header = request.headers().get(ACCEPT_LANGUAGE);
        let header = header.and_then(|value| value.to_str().ok());
        let asked = asked_for(request.query_string()).or_else(|| accepted(header?));
        Self(asked.unwrap_or(own))
    }

    /// The one of two texts that is in this language.
    pub(super) fn say<T>(self, chinese: T, english: T) -> T {
        match self.0 {
            Language::Chinese => chinese,
            Language::English => english,
        }
    }

    /// Its tag (BCP 47).
    pub(super) fn tag(self) -> &'static str {
        self.say("zh-CN", "en")
    }
}

/// The language of a tag, by its first part.
fn language(tag: &str) -> Option<Language> {
    match tag.split('-').next()?.to_ascii_lowercase().as_str() {
        "zh" => Some(Language::Chinese),
        "en" => Some(Language::English),
        _ => None,
    }
}

fn asked_for(query: &str) -> Option<Language> {
    let mut pairs = query.split('&');
    pairs.find_map(|pair| language(pair.strip_prefix("lang=")?))
}

/// The language of ours that is liked best (RFC 9110, 12.5.4); the first of equals.
fn accepted(header: &str) -> Option<Language> {
    let mut best: Option<(f32, Language)> = None;
    for range in header.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let Some(language) = parts.next().and_then(language) else {
            continue;
        };
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
        let weight = weight.unwrap_or(1.0);
        if weight > best.map_or(0.0, |(best, _)| best) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{Chinese, English};

    #[test]
    fn the_language_that_is_liked_best_is_spoken() {
        for (header, expected) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", Some(Chinese)),
            ("en-GB,en;q=0.9", Some(English)),
            ("de, en;q=0.5, zh;q=0.7", Some(Chinese)),
            ("EN", Some(English)),
            ("zh;q=0, en;q=0.1", Some(English)),
            ("zh, en", Some(Chinese)),
            ("de, fr;q=0.9, *;q=0.1", None),
            ("", None),
            (";;q=,=,;q=zh", None),
            ("en;q=NaN", None),
        ] {
            assert_eq!(accepted(header), expected, "{header}");
        }
    }

    #[test]
    fn the_address_of_a_page_can_ask_for_one() {
        assert_eq!(asked_for("lang=en"), Some(English));
        assert_eq!(asked_for("a=b&lang=zh-TW"), Some(Chinese));
        assert_eq!(asked_for("lang=tlh&lang"), None);
        assert_eq!(asked_for(""), None);
    }
}
