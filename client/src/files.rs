//! The files port: sharing, listing, fetching.
//!
//! The server closes after a transfer, so each has a connection of its own.

mod download;
mod upload;

use crate::connection::Connection;
use crate::credential::Credential;
use crate::error::ClientError;
use crate::way::Way;
use qunliao_protocol::files::{FETCH, Listing};
use serde_json::json;
use std::net::SocketAddr;

/// Bytes that are read and written at once.
const BUFFER_BYTES: usize = 64 << 10;

/// Speaks to the files port.
#[derive(Clone, Debug)]
pub struct FilesClient {
    address: SocketAddr,
    way: Way,
    credential: Credential,
}

impl FilesClient {
    /// Speaks to the files port at `address`. Connects only when there is something to do.
    #[must_use]
    pub fn new(address: SocketAddr, way: impl Into<Way>, credential: Credential) -> Self {
        Self {
            address,
            way: way.into(),
            credential,
        }
    }

    /// What there is to fetch (op 1, `look` 0).
    ///
    /// # Errors
    /// Refused with 1 when the credentials are wrong.
    pub async fn list(&self) -> Result<Listing, ClientError> {
        let mut connection = self.connect().await?;
        let args = self.credential.to_args();
        connection
            .request(&json!({ "op": FETCH, "args": args, "look": 0 }))
            .await
    }

    async fn connect(&self) -> Result<Connection, ClientError> {
        Connection::open(self.address, self.way.clone()).await
    }
}
