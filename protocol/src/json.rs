//! Bodies: one JSON object each, read strictly and without copying.
//!
//! serde's maps let the last of two equal keys win, and every reader of such a
//! body could see another request in it. So bodies are read into a [`Value`]
//! of our own that borrows from the frame: a duplicate key at any depth is
//! refused, nesting is bounded, and lone surrogates are errors (`serde_json`
//! refuses them). A missing or mistyped key is named in the error.

use crate::failure::Failure;
use crate::ids::ID_LIMIT;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

/// Objects and arrays may lie within each other this deep.
pub const DEPTH_MAX: usize = 16;

/// Characters of a key that an error repeats.
const KEY_CHARS_SHOWN: usize = 40;

/// A JSON value that borrows its strings from the body wherever no escape is in the way.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A non-negative integer.
    Unsigned(u64),
    /// Any other number: no request has a use for one.
    OtherNumber,
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Value<'a>>),
    /// An object; its keys are distinct.
    Object(Object<'a>),
}

/// The members of a JSON object, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

impl<'a> Object<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// [`Failure::InvalidUtf8`], [`Failure::MalformedJson`], [`Failure::NotAnObject`],
    /// [`Failure::DuplicateKey`] or [`Failure::TooDeep`].
    pub fn parse(body: &'a [u8]) -> Result<Self, Failure> {
        let text = std::str::from_utf8(body).map_err(|_| Failure::InvalidUtf8)?;
        let fault = RefCell::new(None);
        let mut json = serde_json::Deserializer::from_str(text);
        let seed = Seed {
            depth: 0,
            fault: &fault,
        };
        let value = seed.deserialize(&mut json).and_then(|value| {
            json.end()?;
            Ok(value)
        });
        match value {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err(Failure::NotAnObject),
            Err(_) => Err(fault.into_inner().unwrap_or(Failure::MalformedJson)),
        }
    }

    /// The value of `key`, if it is there. `null` counts as absent.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.0
            .iter()
            .find(|(name, value)| name == key && *value != Value::Null)
            .map(|(_, value)| value)
    }

    /// Whether `key` is there, with whatever value.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(name, _)| name == key)
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// [`Failure::MissingKey`] or [`Failure::MistypedKey`], naming `key`.
    pub fn text(&self, key: &'static str) -> Result<&str, Failure> {
        self.optional_text(key)?.ok_or(Failure::MissingKey(key))
    }

    /// A text that may be absent.
    ///
    /// # Errors
    /// [`Failure::MistypedKey`], naming `key`.
    pub fn optional_text(&self, key: &'static str) -> Result<Option<&str>, Failure> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(Failure::MistypedKey(key)),
        }
    }

    /// An integer of at least 0 that may be absent.
    ///
    /// # Errors
    /// [`Failure::MistypedKey`], naming `key`.
    pub fn optional_number(&self, key: &'static str) -> Result<Option<u64>, Failure> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Unsigned(number)) => Ok(Some(*number)),
            Some(_) => Err(Failure::MistypedKey(key)),
        }
    }

    /// A `true` or `false` that may be absent.
    ///
    /// # Errors
    /// [`Failure::MistypedKey`], naming `key`.
    pub fn optional_flag(&self, key: &'static str) -> Result<Option<bool>, Failure> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(Failure::MistypedKey(key)),
        }
    }

    /// A size in bytes, written as a number or, as the origin does, as a string of digits.
    ///
    /// # Errors
    /// [`Failure::MissingKey`] or [`Failure::MistypedKey`], naming `key`.
    pub fn size(&self, key: &'static str) -> Result<u64, Failure> {
        match self.get(key) {
            None => Err(Failure::MissingKey(key)),
            Some(Value::Unsigned(size)) => Ok(*size),
            Some(Value::Text(digits))
                if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) =>
            {
                digits.parse().map_err(|_| Failure::MistypedKey(key))
            }
            Some(_) => Err(Failure::MistypedKey(key)),
        }
    }

    /// An object that must be there.
    ///
    /// # Errors
    /// [`Failure::MissingKey`] or [`Failure::MistypedKey`], naming `key`.
    pub fn object(&self, key: &'static str) -> Result<&Object<'a>, Failure> {
        match self.get(key) {
            None => Err(Failure::MissingKey(key)),
            Some(Value::Object(object)) => Ok(object),
            Some(_) => Err(Failure::MistypedKey(key)),
        }
    }

    /// An object that may be absent.
    ///
    /// # Errors
    /// [`Failure::MistypedKey`], naming `key`.
    pub fn optional_object(&self, key: &'static str) -> Result<Option<&Object<'a>>, Failure> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(Failure::MistypedKey(key)),
        }
    }

    /// An array that may be absent.
    ///
    /// # Errors
    /// [`Failure::MistypedKey`], naming `key`.
    pub fn optional_array(&self, key: &'static str) -> Result<Option<&[Value<'a>]>, Failure> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(Failure::MistypedKey(key)),
        }
    }

    /// A number below [`ID_LIMIT`] that may be absent.
    ///
    /// # Errors
    /// [`Failure::MistypedKey`], naming `key`.
    pub fn optional_id(&self, key: &'static str) -> Result<Option<u64>, Failure> {
        match self.optional_number(key)? {
            Some(id) if id >= ID_LIMIT => Err(Failure::MistypedKey(key)),
            id => Ok(id),
        }
    }

    /// A number below [`ID_LIMIT`] that must be there.
    ///
    /// # Errors
    /// [`Failure::MissingKey`] or [`Failure::MistypedKey`], naming `key`.
    pub fn id(&self, key: &'static str) -> Result<u64, Failure> {
        self.optional_id(key)?.ok_or(Failure::MissingKey(key))
    }

    /// The members, in the order in which they came; those with `null` too.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Value<'a>)> {
        self.0.iter().map(|(key, value)| (&**key, value))
    }

    fn duplicate(&self) -> Option<&str> {
        // Few keys is what requests have; many are what an attacker sends, and
        // comparing each with each would then be the attack.
        const FEW: usize = 8;
        let keys = &self.0;
        if keys.len() <= FEW {
            return (1..keys.len())
                .find(|&i| keys[..i].iter().any(|(earlier, _)| *earlier == keys[i].0))
                .map(|i| &*keys[i].0);
        }
        let mut sorted: Vec<&str> = keys.iter().map(|(key, _)| &**key).collect();
        sorted.sort_unstable();
        sorted.windows(2).find(|w| w[0] == w[1]).map(|w| w[0])
    }
}

/// Carries the depth down, and the reason of a refusal up past serde's error type.
#[derive(Clone, Copy)]
struct Seed<'f> {
    depth: usize,
    fault: &'f RefCell<Option<Failure>>,
}

impl Seed<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(self.refuse(Failure::TooDeep));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }

    fn refuse<E: serde::de::Error>(self, why: Failure) -> E {
        self.fault.replace(Some(why));
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// A key: borrowed where it can be.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value<'de>, E> {
        Ok(Value::Unsigned(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value<'de>, E> {
        Ok(u64::try_from(value).map_or(Value::OtherNumber, Value::Unsigned))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value<'de>, E> {
        Ok(Value::OtherNumber)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value<'de>, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value<'de>, A::Error> {
        let inner = self.deeper()?;
        let mut object = Object::default();
        while let Some(key) = members.next_key_seed(Key)? {
            let value = members.next_value_seed(inner)?;
            object.0.push((key, value));
        }
        if let Some(key) = object.duplicate() {
            let key = key.chars().take(KEY_CHARS_SHOWN).collect();
            return Err(self.refuse(Failure::DuplicateKey(key)));
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests;
