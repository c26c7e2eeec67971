//! What goes over the socket: one line of JSON each way, then the end.

use qunliao_actors::admin::{Refused, Reply, Request};
use serde::{Deserialize, Serialize};

/// Raised when a program of another version could misunderstand.
const VERSION: u32 = 1;
/// The longest request, in bytes: a password and a note are small.
pub(super) const REQUEST_BYTES_MAX: u64 = 64 << 10;
/// The longest reply, in bytes: a page of users, each with all there can be.
pub(super) const REPLY_BYTES_MAX: u64 = 4 << 20;

#[derive(Serialize, Deserialize)]
struct Ask<R> {
    version: u32,
    request: R,
}

#[derive(Serialize, Deserialize)]
struct Answer<R> {
    version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply: Option<R>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<Refused>,
}

pub(super) fn write_request(request: &Request) -> Vec<u8> {
    line(&Ask {
        version: VERSION,
        request,
    })
}

pub(super) fn read_request(line: &[u8]) -> Result<Request, Refused> {
    let bad = |why| Refused::new("bad_request", why);
    let ask: Ask<serde_json::Value> =
        serde_json::from_slice(line).map_err(|_| bad("This is not a request."))?;
    if ask.version != VERSION {
        return Err(other_version());
    }
    // serde's own words could repeat a password.
    serde_json::from_value(ask.request).map_err(|_| bad("There is no such request."))
}

pub(super) fn write_answer(answer: Result<Reply, Refused>) -> Vec<u8> {
    let (reply, error) = match answer {
        Ok(reply) => (Some(reply), None),
        Err(refused) => (None, Some(refused)),
    };
    line(&Answer {
        version: VERSION,
        reply,
        error,
    })
}

/// Reads an answer; the outer refusal is that it is none.
pub(super) fn read_answer(line: &[u8]) -> Result<Result<Reply, Refused>, Refused> {
    let none = || Refused::new("bad_answer", "The server's answer cannot be understood.");
    let answer: Answer<serde_json::Value> = serde_json::from_slice(line).map_err(|_| none())?;
    if answer.version != VERSION {
        return Err(other_version());
    }
    match (answer.reply, answer.error) {
        (Some(reply), None) => Ok(Ok(serde_json::from_value(reply).map_err(|_| none())?)),
        (None, Some(refused)) => Ok(Err(refused)),
        _ => Err(none()),
    }
}

fn other_version() -> Refused {
    Refused::new(
        "other_version",
        "The server that runs is of another version than this program. Restart the server.",
    )
}

fn line(value: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).expect("our own types are JSON");
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let request = Request::User {
            user: "小爱\n".into(),
        };
        let line = write_request(&request);
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        assert!(read_request(&line).is_ok_and(|read| read == request));
        for answer in [
            Ok(Reply::Withdrawn {
                id: qunliao_protocol::LinkId(3),
            }),
            Err(Refused::new("busy", "Later.")),
        ] {
            assert_eq!(read_answer(&write_answer(answer.clone())), Ok(answer));
        }
    }

    #[test]
    fn another_version_says_so() {
        let code = |line: &[u8]| read_request(line).err().map(|refused| refused.code);
        assert_eq!(
            code(br#"{"version":2,"request":{"do":"anything"}}"#).as_deref(),
            Some("other_version")
        );
        assert_eq!(
            code(br#"{"version":1,"request":{"do":"anything"}}"#).as_deref(),
            Some("bad_request")
        );
        assert_eq!(code(b"GET / HTTP/1.1").as_deref(), Some("bad_request"));
        let answer = read_answer(br#"{"version":2,"reply":{}}"#);
        assert_eq!(answer.unwrap_err().code, "other_version");
    }
}
