//! Personal data at rest: names, phone numbers and addresses are sealed, and
//! found again through keyed hashes.
//!
//! The key lies in `secret.key` beside the database, readable by the server's
//! user alone. That keeps whole numbers out of `strings`, of search indexes, of
//! a stray copy of the database; it is no shield against someone who has the
//! whole data folder.

use crate::content::{from_hex, to_hex};
use crate::error::StorageError;
use crate::keys::{IndexHash, Kind};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use qunliao_protocol::{LinkId, RoomId, SessionId, UserId};
use sha2::Sha256;

const NONCE_BYTES: usize = 24;

/// Half of an HMAC-SHA256, which RFC 2104 deems enough.
pub(crate) const SIGNATURE_BYTES: usize = 16;

/// What a keyed hash is made of: hashes of different spaces never meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    /// Users' folded names.
    Name,
    /// Phone numbers.
    Phone,
    /// E-mail addresses.
    Email,
    /// Sessions' tokens.
    Token,
    /// Codes with what they are bound to.
    Code,
    /// Subjects of sending limits.
    Sending,
    /// Names of files and folders.
    Label,
    /// The key itself, to tell whether a database was sealed with it.
    Key,
    /// Links' tokens.
    Link,
}

/// What something sealed belongs to, and opens with alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// A user's account.
    User(UserId),
    /// A session.
    Session(SessionId),
    /// A link.
    Link(LinkId),
    /// Someone's membership of a room.
    Membership(RoomId, UserId),
}

impl Bound {
    /// The number alone for a user, as since the first format; numbers and the kind
    /// of record for the others.
    fn bytes(self) -> Vec<u8> {
        let (numbers, kind) = match self {
            Self::User(user) => (vec![user.0], None),
            Self::Session(session) => (vec![session.0], Some(Kind::SessionByToken)),
            Self::Link(link) => (vec![link.0], Some(Kind::LinkById)),
            Self::Membership(room, user) => {
                (vec![room.0, user.0], Some(Kind::MembershipByRoomUser))
            }
        };
        let numbers = numbers.into_iter().flat_map(u64::to_be_bytes);
        numbers.chain(kind.map(|kind| kind as u8)).collect()
    }
}

/// Seals personal data and hashes what is looked up.
#[derive(Clone)]
pub struct Seal {
    aead: XChaCha20Poly1305,
    mac: Hmac<Sha256>,
    signing: Hmac<Sha256>,
}

impl Seal {
    /// A seal with this master key; the working keys are derived from it.
    #[must_use]
    pub fn new(master: &[u8; 32]) -> Self {
        let derive = |label: &[u8]| -> [u8; 32] {
            let mut mac = keyed(master);
            mac.update(label);
            mac.finalize().into_bytes().into()
        };
        Self {
            aead: XChaCha20Poly1305::new(&derive(b"qunliao seal").into()),
            mac: keyed(&derive(b"qunliao index")),
            signing: keyed(&derive(b"qunliao sign")),
        }
    }

    /// A number that tells this key from others, and nothing else of it.
    pub(crate) fn fingerprint(&self) -> u64 {
        let hash = self.index(Space::Key, b"");
        let (first, _) = hash.split_first_chunk().expect("a hash has 32 bytes");
        u64::from_be_bytes(*first)
    }

    /// The hash under which `text` is found in `space`.
    pub(crate) fn index(&self, space: Space, text: &[u8]) -> IndexHash {
        let mut mac = self.mac.clone();
        mac.update(&[space as u8]);
        mac.update(text);
        mac.finalize().into_bytes().into()
    }

    /// Signs `text`, which is to leave the server and come back.
    pub(crate) fn sign(&self, text: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let mac = self.signing.clone().chain_update(text).finalize();
        let (signature, _) = mac
            .as_bytes()
            .split_first_chunk()
            .expect("a hash has 32 bytes");
        *signature
    }

    /// Whether `signature` is ours for `text`; how long that takes tells nothing.
    pub(crate) fn is_signed(&self, text: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
        let mac = self.signing.clone().chain_update(text);
        mac.verify_truncated_left(signature).is_ok()
    }

    /// Seals `plain`; it opens with the same `bound` only.
    pub(crate) fn seal(&self, bound: Bound, plain: &[u8]) -> Result<String, StorageError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|why| sealing(&why))?;
        let sealed = self
            .aead
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: plain,
                    aad: &bound.bytes(),
                },
            )
            .map_err(|why| sealing(&why))?;
        Ok(to_hex(&nonce) + &to_hex(&sealed))
    }

    /// Opens what [`Seal::seal`] made.
    pub(crate) fn open(&self, bound: Bound, sealed: &str) -> Result<Vec<u8>, StorageError> {
        let damaged = || StorageError::damaged("a sealed record does not open");
        let bytes = from_hex(sealed).ok_or_else(damaged)?;
        let (nonce, sealed) = bytes
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or_else(damaged)?;
        let payload = Payload {
            msg: sealed,
            aad: &bound.bytes(),
        };
        self.aead
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| damaged())
    }
}

fn sealing(why: &impl std::fmt::Display) -> StorageError {
    StorageError::Io {
        what: "sealing a record".into(),
        why: why.to_string(),
    }
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_own_context_alone() {
        let seal = Seal::new(&[7; 32]);
        let one = Bound::User(UserId(1));
        let sealed = seal.seal(one, b"+8613912345678").unwrap();
        assert_eq!(seal.open(one, &sealed).unwrap(), b"+8613912345678");
        let others = [
            Bound::User(UserId(2)),
            Bound::Session(SessionId(1)),
            Bound::Link(LinkId(1)),
            Bound::Membership(RoomId(1), UserId(1)),
        ];
        for other in others {
            assert!(seal.open(other, &sealed).is_err());
        }
        assert!(Seal::new(&[8; 32]).open(one, &sealed).is_err());
        assert!(seal.open(one, "00").is_err());
    }

    #[test]
    fn a_signature_holds_for_its_text_and_its_key_alone() {
        let seal = Seal::new(&[7; 32]);
        let signature = seal.sign(b"link 1");
        assert!(seal.is_signed(b"link 1", &signature));
        assert!(!seal.is_signed(b"link 2", &signature));
        assert!(!Seal::new(&[8; 32]).is_signed(b"link 1", &signature));
        for bit in 0..SIGNATURE_BYTES * 8 {
            let mut forged = signature;
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(!seal.is_signed(b"link 1", &forged));
        }
    }

    #[test]
    fn hashes_of_different_spaces_differ() {
        let seal = Seal::new(&[7; 32]);
        assert_ne!(
            seal.index(Space::Name, b"13912345678"),
            seal.index(Space::Phone, b"13912345678")
        );
    }
}
