//! What time it is elsewhere: providers refuse a signature whose time is off.

use crate::http::agent;
use crate::{Endpoint, SettingsError};
use std::time::Duration;
use tokio::task::spawn_blocking;
use ureq::http::Uri;

/// The header `Date` of what the server of `endpoint` answers to a `HEAD` of its
/// root, where no gateway has its work; `None` if it cannot be reached, or says none.
///
/// # Errors
/// What is wrong with the certificates to be trusted.
pub async fn date_at(endpoint: &Endpoint) -> Result<Option<String>, SettingsError> {
    let agent = agent(endpoint.ca_file.as_deref())?;
    let Some(root) = root(&endpoint.url) else {
        return Ok(None);
    };
    let patience: Duration = endpoint.timeout;
    let asked = spawn_blocking(move || {
        let request = agent.head(root).config().timeout_global(Some(patience));
        let response = request.build().call().ok()?;
        let date = response.headers().get("date")?;
        date.to_str().ok().map(str::to_owned)
    });
    Ok(asked.await.ok().flatten())
}

fn root(url: &str) -> Option<String> {
    let url: Uri = url.trim().parse().ok()?;
    Some(format!("{}://{}/", url.scheme_str()?, url.authority()?))
}

#[cfg(test)]
mod tests {
    use super::root;

    #[test]
    fn the_path_which_may_hold_a_token_is_left_out() {
        let url = "https://sms.example.org:8443/hook/token?x=1";
        assert_eq!(root(url).as_deref(), Some("https://sms.example.org:8443/"));
        assert_eq!(root("nonsense"), None);
    }
}
