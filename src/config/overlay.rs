//! A configuration as a tree, and the environment laid over it.

use super::complaint::complaint;
use super::{Config, ENV_PREFIX};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Reads YAML as its version 1.2 has it, where `off` is a word and not a truth.
pub(super) fn read_yaml<T: DeserializeOwned>(text: &str) -> Result<T, serde_saphyr::Error> {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options)
}

/// Sets the key that `name` stands for, and answers the whole anew.
pub(super) fn overlay(tree: &mut Value, name: &str, value: &str) -> Result<Config, String> {
    let path = name[ENV_PREFIX.len()..].to_lowercase();
    let keys: Vec<&str> = path.split("__").collect();
    let typed: Value = read_yaml(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    let mut changed = tree.clone();
    set(&mut changed, &keys, typed)?;
    // A variable may have been given what belongs into another, such as a password.
    let config = from_tree(&changed, false).or_else(|why| {
        // A password of digits is still a text.
        changed = tree.clone();
        set(&mut changed, &keys, Value::String(value.to_owned()))?;
        from_tree(&changed, false).map_err(|_| why)
    })?;
    *tree = changed;
    Ok(config)
}

fn set(tree: &mut Value, keys: &[&str], value: Value) -> Result<(), String> {
    let Some((key, rest)) = keys.split_first() else {
        *tree = value;
        return Ok(());
    };
    if tree.is_null() {
        *tree = Value::Object(Map::new());
    }
    let map = tree
        .as_object_mut()
        .ok_or("stands for a key within a value")?;
    set(map.entry(*key).or_insert(Value::Null), rest, value)
}

/// Reads a tree; an error names the key, and tells its value if `shows_values`.
pub(super) fn from_tree(tree: &Value, shows_values: bool) -> Result<Config, String> {
    serde_path_to_error::deserialize(tree).map_err(|why| {
        let path = why.path().clone();
        let words = why.into_inner().to_string();
        complaint(&path, &words, shows_values.then_some(tree))
    })
}
