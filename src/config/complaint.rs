//! What an error of types says: which key, what stands there, what should.

use serde_json::Value;
use serde_path_to_error::{Path, Segment};

/// The section that holds secrets: what stands there is not repeated.
const SECRETIVE: &str = "delivery";
/// The longest value that is repeated, in characters.
const SHOWN_CHARS_MAX: usize = 60;

/// Puts serde's words about the key at `path` into ours. Where `tree` is given, the
/// value is told, unless it may be a secret.
pub(super) fn complaint(path: &Path, words: &str, tree: Option<&Value>) -> String {
    let unknown = words.strip_prefix("unknown field `");
    if let Some(key) = unknown.and_then(|rest| rest.split('`').next()) {
        return format!("there is no key {key} in {path}");
    }
    let expected = expected(words);
    match tree.and_then(|tree| shown(tree, path)) {
        Some(value) => format!("{path} is {value}, and {expected}"),
        None => format!("{path} {expected}"),
    }
}

/// What should stand there. What does is in the first part of serde's words, which
/// are not repeated: it may be a secret.
fn expected(words: &str) -> String {
    let Some((_, expected)) = words.rsplit_once(", expected ") else {
        let kind = words.split(['`', '"', ':']).next().unwrap_or("").trim();
        return match kind {
            "invalid socket address syntax" => {
                "must be an address and a port, such as 127.0.0.1:7001".to_owned()
            }
            kind => format!("cannot be: {kind}"),
        };
    };
    let plain = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a string" | "path string" | "string or map" => "a text",
        "a sequence" => "a list",
        "socket address" => "an address and a port, such as 127.0.0.1:7001",
        other if other.starts_with("struct ") || other == "a map" => "a section with keys",
        other => return format!("must be {}", other.replace('`', "")),
    };
    format!("must be {plain}")
}

/// The value at `path`, as it may be told.
fn shown(tree: &Value, path: &Path) -> Option<String> {
    let mut at = tree;
    for segment in path {
        at = match segment {
            Segment::Map { key } if key == SECRETIVE => return None,
            Segment::Map { key } => at.get(key)?,
            Segment::Seq { index } => at.get(index)?,
            Segment::Enum { .. } | Segment::Unknown => return None,
        };
    }
    let is_scalar = !(at.is_object() || at.is_array());
    let written = at.to_string();
    (is_scalar && written.chars().count() <= SHOWN_CHARS_MAX).then_some(written)
}
