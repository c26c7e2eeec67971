//! Who asks: the address that limits go by, and whether it may ask in plain text.

use super::Pages;
use super::entrance::Visit;
use crate::access::Access;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HOST, HeaderMap, LOCATION};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, HttpResponse, web};
use std::net::{IpAddr, SocketAddr};

/// Where proxies of HTTP say for whom they ask.
const FORWARDED_FOR: &str = "X-Forwarded-For";
/// The one page that a probe on this machine may ask for without TLS.
const HEALTH: &str = "/healthz";

/// Whose request this is: of the address that connected, or, through proxies that
/// we trust, of the one they name.
pub(crate) fn address(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let access = request.app_data::<web::Data<Access>>()?;
    Some(believed(peer, request.headers(), access))
}

fn believed(peer: IpAddr, headers: &HeaderMap, access: &Access) -> IpAddr {
    let forwarded = access
        .is_proxy(peer)
        .then(|| forwarded_for(headers, access));
    forwarded.flatten().unwrap_or(peer)
}

/// The last one named that is not a proxy of ours: what stands before it, anyone
/// may have written.
fn forwarded_for(headers: &HeaderMap, access: &Access) -> Option<IpAddr> {
    let lines: Vec<_> = headers.get_all(FORWARDED_FOR).collect();
    let mut furthest = None;
    for line in lines.into_iter().rev() {
        for word in line.to_str().ok()?.rsplit(',') {
            let address = read_address(word.trim())?;
            if !access.is_proxy(address) {
                return Some(address);
            }
            furthest = Some(address);
        }
    }
    furthest
}

/// Some proxies add the port.
fn read_address(word: &str) -> Option<IpAddr> {
    let unbracketed = word.trim_start_matches('[').trim_end_matches(']');
    let address = unbracketed.parse::<IpAddr>().ok();
    let address = address.or_else(|| Some(word.parse::<SocketAddr>().ok()?.ip()))?;
    Some(address.to_canonical())
}

/// Sends whoever has to speak TLS and does not to where they can.
pub(crate) async fn demand_tls(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let visit = request.conn_data::<Visit>();
    let is_in_the_clear = visit.is_some_and(|visit| visit.must_be_secure && !visit.is_secure);
    let is_probe = request.path() == HEALTH
        && address(request.request()).is_some_and(|address| address.is_loopback());
    if is_in_the_clear && !is_probe {
        let answer = refuse_plain(request.request());
        return Ok(request.into_response(answer).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

fn refuse_plain(request: &HttpRequest) -> HttpResponse {
    let mut answer = HttpResponse::BadRequest();
    if let (Some(place), &Method::GET | &Method::HEAD) = (place(request), request.method()) {
        // Not for ever: whoever runs this may change their mind.
        answer = HttpResponse::TemporaryRedirect();
        answer.insert_header((LOCATION, place));
    }
    answer
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body("This server speaks HTTPS. 请用 https:// 访问。\n")
}

/// What is asked for, in HTTPS.
fn place(request: &HttpRequest) -> Option<String> {
    let pages = request.app_data::<web::Data<Pages>>()?;
    let host = request.headers().get(HOST);
    let host = host.and_then(|host| host.to_str().ok());
    // Of an address that is whole, the path alone.
    let path = request.uri().path_and_query();
    let path = path.map_or("/", |path| path.as_str());
    pages.upgrade.location(host, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use actix_web::test::TestRequest;

    const PROXY: &str = "10.0.0.1:4000";

    fn seen(peer: &str, lines: &[&str]) -> String {
        let mut config = Config::default();
        config.proxies.trusted.0 = vec!["10.0.0.0/8".parse().unwrap()];
        let access = Access::new(&config);
        let peer: SocketAddr = peer.parse().unwrap();
        let mut headers = TestRequest::default();
        for line in lines {
            headers = headers.append_header((FORWARDED_FOR, *line));
        }
        let request = headers.to_http_request();
        believed(peer.ip(), request.headers(), &access).to_string()
    }

    #[test]
    fn a_trusted_proxy_is_believed_as_far_as_it_knows() {
        assert_eq!(seen(PROXY, &["192.0.2.7"]), "192.0.2.7");
        assert_eq!(seen(PROXY, &["192.0.2.7:5000"]), "192.0.2.7");
        assert_eq!(seen(PROXY, &["[2001:db8::7]:5000"]), "2001:db8::7");
        assert_eq!(seen(PROXY, &["[2001:db8::7]"]), "2001:db8::7");
        assert_eq!(seen(PROXY, &["::ffff:192.0.2.7"]), "192.0.2.7");
        // What the visitor wrote itself stands before what the proxy added.
        assert_eq!(seen(PROXY, &["127.0.0.1, 192.0.2.7"]), "192.0.2.7");
        assert_eq!(
            seen(PROXY, &["127.0.0.1", "192.0.2.7, 10.0.0.9"]),
            "192.0.2.7"
        );
        assert_eq!(seen(PROXY, &["10.0.0.7, 10.0.0.9"]), "10.0.0.7");
    }

    #[test]
    fn what_is_no_address_and_who_is_no_proxy_count_for_nothing() {
        assert_eq!(seen(PROXY, &[]), "10.0.0.1");
        assert_eq!(seen(PROXY, &["unknown"]), "10.0.0.1");
        assert_eq!(seen(PROXY, &["192.0.2.7, _hidden"]), "10.0.0.1");
        assert_eq!(seen("203.0.113.9:80", &["192.0.2.7"]), "203.0.113.9");
    }
}
