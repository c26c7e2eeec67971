//! What a gateway would send, shown to an operator without sending it.

use std::fmt;

use crate::http::Request;

/// A request that is not sent. Secrets and signatures are masked in every part; the
/// message is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRun {
    /// The gateway's name.
    pub gateway: &'static str,
    /// `POST` or `GET`.
    pub method: &'static str,
    /// Where to.
    pub url: String,
    /// The headers that the gateway is about, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<String>,
    /// The text that the signature is made of, where there is one.
    pub string_to_sign: Option<String>,
}

/// What stands in place of a secret.
const MASK: &str = "***";

impl DryRun {
    pub(crate) fn of(gateway: &'static str, request: Request) -> Self {
        let Request {
            url,
            headers,
            body,
            signed,
            mut secrets,
        } = request;
        // The longest first: one may be part of another.
        secrets.retain(|secret| !secret.is_empty());
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let masked = |text: String| {
            secrets
                .iter()
                .fold(text, |text, secret| text.replace(secret.as_str(), MASK))
        };
        Self {
            gateway,
            method: if body.is_some() { "POST" } else { "GET" },
            url: masked(url),
            headers: headers
                .into_iter()
                .map(|(name, value)| (name.to_owned(), masked(value)))
                .collect(),
            body: body.map(masked),
            string_to_sign: signed.map(masked),
        }
    }
}

/// As on the wire, and then what was signed.
impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.method, self.url)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        if let Some(body) = self.body.as_deref().filter(|body| !body.is_empty()) {
            writeln!(f, "\n{body}")?;
        }
        if let Some(signed) = &self.string_to_sign {
            writeln!(f, "\nsigned with {}'s secret:", self.gateway)?;
            for line in signed.lines() {
                writeln!(f, "| {line}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::DryRun;
    use crate::http::Request;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let dry_run = DryRun::of(
            "kannel",
            Request {
                url: String::from("http://127.0.0.1/?password=open%20sesame&text=x"),
                headers: vec![("Authorization", String::from("Basic b3BlbiBzZXNhbWU="))],
                body: Some(String::from("code=482913&open=1")),
                signed: Some(String::from("one\n\nopen")),
                secrets: vec![
                    String::from("open"),
                    String::from("open%20sesame"),
                    String::from("b3BlbiBzZXNhbWU="),
                    String::new(),
                ],
            },
        );
        assert_eq!(
            dry_run.to_string(),
            "POST http://127.0.0.1/?password=***&text=x\n\
             Authorization: Basic ***\n\
             \n\
             code=482913&***=1\n\
             \n\
             signed with kannel's secret:\n\
             | one\n\
             | \n\
             | ***\n"
        );
    }
}
