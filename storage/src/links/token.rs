//! The token of a link: what the server itself said of it, signed. One that was
//! made up or has expired is refused without a look into the database.
//!
//! 48 bytes as hexadecimal digits: the id, when it expires, 16 bytes of randomness,
//! the signature of all that.

use crate::content::{from_hex, to_hex};
use crate::error::StorageError;
use crate::seal::{SIGNATURE_BYTES, Seal};
use qunliao_protocol::LinkId;

pub(super) const RANDOM_BYTES: usize = 16;

/// What is signed begins so: a signature of ours for something else is none here.
const SIGNED_AS: &[u8] = b"link ";

pub(super) type Random = [u8; RANDOM_BYTES];

pub(super) fn random() -> Result<Random, StorageError> {
    let mut random = [0; RANDOM_BYTES];
    getrandom::fill(&mut random).map_err(|why| StorageError::Io {
        what: "making a link".into(),
        why: why.to_string(),
    })?;
    Ok(random)
}

pub(super) fn make(seal: &Seal, id: LinkId, expires: u64, random: &Random) -> String {
    let mut bytes = [
        id.0.to_be_bytes().as_slice(),
        &expires.to_be_bytes(),
        random,
    ]
    .concat();
    let signature = seal.sign(&[SIGNED_AS, &bytes].concat());
    bytes.extend_from_slice(&signature);
    to_hex(&bytes)
}

/// The id in a token that we have signed and that has not expired.
pub(super) fn read(seal: &Seal, token: &str, now: u64) -> Option<LinkId> {
    let bytes = from_hex(token)?;
    let (said, signature) = bytes.split_last_chunk::<SIGNATURE_BYTES>()?;
    if !seal.is_signed(&[SIGNED_AS, said].concat(), signature) {
        return None;
    }
    let (id, rest) = said.split_first_chunk()?;
    let (expires, _random) = rest.split_first_chunk()?;
    (u64::from_be_bytes(*expires) > now).then(|| LinkId(u64::from_be_bytes(*id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_its_id_until_it_expires_and_only_unchanged() {
        let seal = Seal::new(&[7; 32]);
        let token = make(&seal, LinkId(9), 1_000, &[1; RANDOM_BYTES]);
        assert_eq!(token.len(), 96);
        assert_eq!(read(&seal, &token, 999), Some(LinkId(9)));
        assert_eq!(read(&seal, &token, 1_000), None);
        assert_eq!(read(&Seal::new(&[8; 32]), &token, 0), None);
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'0' { b'1' } else { b'0' };
            let forged = String::from_utf8(forged).expect("digits");
            assert_eq!(read(&seal, &forged, 0), None);
        }
        for cut in 0..token.len() {
            assert_eq!(read(&seal, &token[..cut], 0), None);
        }
    }
}
