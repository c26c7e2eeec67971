//! Our server's data with people signed up, made once and copied for each start:
//! signing up a thousand people takes longer than most measurements.

use crate::load::protocols::ours::name;
use crate::people::PASSWORD;
use crate::process::pinned;
use crate::server::Server;
use anyhow::Context as _;
use futures_util::future::try_join_all;
use qunliao_client::{AuthClient, HeaderForm, NewUser};
use std::net::SocketAddr;
use std::path::Path;
use tempfile::TempDir;

/// Sign-ups at once.
const AT_ONCE: usize = 16;

/// The data, and everyone's token.
pub(crate) struct Template {
    folder: TempDir,
    tokens: Vec<String>,
}

impl Template {
    /// Signs up so many people.
    pub(crate) fn make(server: &Path, people: usize) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let command = pinned(server, None);
        let server = Server::launch(command, folder.path())?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let tokens = runtime.block_on(sign_up(server.auth, people))?;
        Ok(Self { folder, tokens })
    }

    /// The token of a member; members beyond those signed up share accounts.
    pub(crate) fn token(&self, member: usize) -> String {
        self.tokens[member % self.tokens.len()].clone()
    }

    /// Copies the data.
    pub(crate) fn copy_to(&self, folder: &Path) -> anyhow::Result<()> {
        copy(self.folder.path(), folder).context("copying the data")
    }
}

/// Signs up so many people at this server; answers their tokens.
pub(crate) async fn sign_up(auth: SocketAddr, people: usize) -> anyhow::Result<Vec<String>> {
    let mut tokens = Vec::with_capacity(people);
    let members: Vec<usize> = (0..people).collect();
    for members in members.chunks(AT_ONCE) {
        tokens.extend(try_join_all(members.iter().map(|member| register(auth, *member))).await?);
    }
    Ok(tokens)
}

async fn register(auth: SocketAddr, member: usize) -> anyhow::Result<String> {
    let mut client = AuthClient::open(auth, HeaderForm::Binary).await?;
    let user = NewUser {
        user_name: name(member),
        user_pwd: PASSWORD.to_owned(),
        ..NewUser::default()
    };
    let signed_up = client.register(&user).await.context("signing up")?;
    signed_up.token.context("a sign-up without a token")
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            std::fs::create_dir_all(&to)?;
            copy(&entry.path(), &to)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
