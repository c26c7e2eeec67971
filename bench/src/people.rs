//! The people who log in and chat.

use crate::server::Server;
use anyhow::Context as _;
use futures_util::future::try_join_all;
use qunliao_client::{AuthClient, HeaderForm, NewUser};

/// Everyone's password: that they share one changes nothing for whoever checks it.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Signs up so many people; answers their names.
pub(crate) async fn sign_up(server: &Server, count: usize) -> anyhow::Result<Vec<String>> {
    const AT_ONCE: usize = 16;
    let names: Vec<String> = (0..count)
        .map(|number| format!("person{number:05}"))
        .collect();
    for names in names.chunks(AT_ONCE) {
        try_join_all(names.iter().map(|name| register(server, name))).await?;
    }
    Ok(names)
}

async fn register(server: &Server, name: &str) -> anyhow::Result<()> {
    let mut client = AuthClient::open(server.auth, HeaderForm::Binary).await?;
    let user = NewUser {
        user_name: name.to_owned(),
        user_pwd: PASSWORD.to_owned(),
        ..NewUser::default()
    };
    let registered = client.register(&user).await;
    registered.context("signing up")?;
    Ok(())
}
