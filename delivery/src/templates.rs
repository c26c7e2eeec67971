//! Templates, for providers that send registered texts alone.

use std::collections::BTreeMap;

use crate::{Content, DeliveryError, Kind, Language, Message, SettingsError};

/// The provider's template ids, by what they are for and in which language.
pub type TemplateIds = BTreeMap<(Kind, Language), String>;

/// What a template with a code has a place for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable {
    /// The code itself.
    Code,
    /// For how many minutes it is valid.
    Minutes,
}

impl Variable {
    /// Its name in configurations, and in templates whose variables have names.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Minutes => "minutes",
        }
    }
}

/// The id for `message`. Without one, this message does not go this way.
pub(crate) fn template_for<'a>(
    gateway: &str,
    ids: &'a TemplateIds,
    message: &Message,
) -> Result<&'a str, DeliveryError> {
    let (kind, language) = (message.kind(), message.language);
    let id = ids.get(&(kind, language)).filter(|id| !id.is_empty());
    id.map(String::as_str).ok_or_else(|| {
        DeliveryError::Declined(format!(
            "{gateway} has no template for it: delivery.{gateway}.templates.{}.{} is not set",
            kind.word(),
            language.word()
        ))
    })
}

/// A message without the code that it is about would be worse than none.
pub(crate) fn must_have_code(variables: &[Variable]) -> Result<(), SettingsError> {
    if variables.contains(&Variable::Code) {
        Ok(())
    } else {
        Err(SettingsError::Unfit(
            "variables",
            "must have code among them",
        ))
    }
}

/// The variables with their values, for a template with a code; none for a notice.
pub(crate) fn values(variables: &[Variable], message: &Message) -> Vec<(Variable, String)> {
    let Content::Code {
        code,
        lifetime_minutes,
        ..
    } = &message.content
    else {
        return Vec::new();
    };
    let value = |variable: &Variable| match variable {
        Variable::Code => code.clone(),
        Variable::Minutes => lifetime_minutes.to_string(),
    };
    variables.iter().map(|v| (*v, value(v))).collect()
}

#[cfg(test)]
mod tests {
    use super::{TemplateIds, Variable, must_have_code, template_for, values};
    use crate::message::tests::of_kind;
    use crate::{DeliveryError, Kind, Language};

    #[test]
    fn a_message_without_a_template_is_declined_and_the_key_is_named() {
        let mut ids = TemplateIds::new();
        ids.insert((Kind::Register, Language::Chinese), String::from("SMS_1"));
        ids.insert((Kind::Reset, Language::Chinese), String::new());
        let find = |kind, language| template_for("aliyun", &ids, &of_kind(kind, language));
        assert_eq!(find(Kind::Register, Language::Chinese), Ok("SMS_1"));
        for (kind, language, key) in [
            (Kind::Register, Language::English, "register.en"),
            (Kind::Reset, Language::Chinese, "reset.zh"),
            (Kind::PhoneChanged, Language::Chinese, "phone_changed.zh"),
        ] {
            let Err(DeliveryError::Declined(said)) = find(kind, language) else {
                panic!("{key} is not declined");
            };
            let key = format!("delivery.aliyun.templates.{key} is not set");
            assert!(said.contains(&key), "{said}");
        }
    }

    #[test]
    fn templates_with_a_code_have_a_place_for_it() {
        assert_eq!(must_have_code(&[Variable::Minutes, Variable::Code]), Ok(()));
        for variables in [&[][..], &[Variable::Minutes]] {
            assert!(must_have_code(variables).is_err());
        }
    }

    #[test]
    fn codes_fill_the_variables_in_their_order_and_notices_have_none() {
        let variables = [Variable::Minutes, Variable::Code];
        let filled = values(&variables, &of_kind(Kind::Reset, Language::Chinese));
        let words: Vec<_> = filled
            .iter()
            .map(|(v, value)| (v.word(), &**value))
            .collect();
        assert_eq!(words, [("minutes", "5"), ("code", "482913")]);
        let notice = of_kind(Kind::AccountClosed, Language::Chinese);
        assert!(values(&variables, &notice).is_empty());
    }
}
