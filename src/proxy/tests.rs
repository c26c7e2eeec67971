//! Headers as proxies send them, and what is none, split at every byte.

use super::*;
use proptest::prelude::*;

fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [V2_SIGNATURE, &[command, family], &length, rest].concat()
}

fn v2_tcp4() -> Vec<u8> {
    v2(
        0x21,
        0x11,
        &[192, 0, 2, 7, 10, 0, 0, 1, 0x10, 0xe1, 0x01, 0xbb],
    )
}

fn source(bytes: &[u8]) -> Option<SocketAddr> {
    parse(bytes).unwrap().expect("it is whole").source
}

fn address(text: &str) -> Option<SocketAddr> {
    Some(text.parse().unwrap())
}

#[test]
fn the_text_form_names_the_source() {
    let line = b"PROXY TCP4 192.0.2.7 10.0.0.1 4321 443\r\n";
    assert_eq!(source(line), address("192.0.2.7:4321"));
    let line = b"PROXY TCP6 2001:db8::7 ::1 4321 443\r\n";
    assert_eq!(source(line), address("[2001:db8::7]:4321"));
    let line = b"PROXY TCP6 ::ffff:192.0.2.7 ::1 0 65535\r\n";
    assert_eq!(source(line), address("192.0.2.7:0"));
    let longest = "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n";
    assert_eq!(source(longest.as_bytes()), None);
    assert_eq!(source(b"PROXY UNKNOWN\r\n"), None);
}

#[test]
fn the_binary_form_names_the_source_and_what_follows_is_passed_over() {
    assert_eq!(source(&v2_tcp4()), address("192.0.2.7:4321"));
    let mut rest = [0; 36];
    rest[..2].copy_from_slice(&[0x20, 0x01]);
    rest[15] = 7;
    rest[32..34].copy_from_slice(&4321u16.to_be_bytes());
    assert_eq!(source(&v2(0x21, 0x21, &rest)), address("[2001::7]:4321"));
    let mut mapped = [0; 36];
    mapped[10..16].copy_from_slice(&[0xff, 0xff, 192, 0, 2, 7]);
    assert_eq!(source(&v2(0x21, 0x21, &mapped)), address("192.0.2.7:0"));
    let with_more = [&v2_tcp4()[V2_FIXED_BYTES..], b"\x04\x00\x01x"].concat();
    assert_eq!(
        source(&v2(0x21, 0x11, &with_more)),
        address("192.0.2.7:4321")
    );
    // The proxy itself, an unknown source, and a Unix socket.
    assert_eq!(source(&v2(0x20, 0x00, b"")), None);
    assert_eq!(source(&v2(0x20, 0x11, &[0; 12])), None);
    assert_eq!(source(&v2(0x21, 0x00, b"anything")), None);
    assert_eq!(source(&v2(0x21, 0x31, &[0; 216])), None);
}

#[test]
fn what_is_no_header_is_refused() {
    let long_line = format!("PROXY UNKNOWN {}\r\n", "x".repeat(V1_BYTES_MAX));
    for text in [
        "GET / HTTP/1.1\r\n",
        "15             {",
        "\u{16}\u{3}\u{1}",
        "PROXY\r\n",
        "proxy TCP4 192.0.2.7 10.0.0.1 1 2\r\n",
        "PROXY  TCP4 192.0.2.7 10.0.0.1 1 2\r\n",
        "PROXY TCP5 192.0.2.7 10.0.0.1 1 2\r\n",
        "PROXY TCP4 192.0.2.7 10.0.0.1 1\r\n",
        "PROXY TCP4 192.0.2.7 10.0.0.1 1 2 3\r\n",
        "PROXY TCP4 192.0.2.7 10.0.0.1 1 65536\r\n",
        "PROXY TCP4 192.0.2.7 10.0.0.1 01 2\r\n",
        "PROXY TCP4 192.0.2.7 10.0.0.1 +1 2\r\n",
        "PROXY TCP4 192.0.2.007 10.0.0.1 1 2\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n",
        "PROXY TCP6 192.0.2.7 10.0.0.1 1 2\r\n",
        "PROXY TCP4 192.0.2.7 10.0.0.1 1 2 \r\n",
        &long_line,
    ] {
        assert_eq!(parse(text.as_bytes()), Err(Malformed), "{text:?}");
    }
    for bytes in [
        v2(0x11, 0x11, &[0; 12]),
        v2(0x22, 0x11, &[0; 12]),
        v2(0x21, 0x11, &[0; 11]),
        v2(0x21, 0x12, &[0; 12]),
        v2(0x21, 0x21, &[0; 35]),
        v2(0x21, 0x41, &[0; 12]),
        v2(0x20, 0x00, &[0; V2_BYTES_MAX - V2_FIXED_BYTES + 1]),
    ] {
        assert_eq!(parse(&bytes), Err(Malformed), "{bytes:?}");
    }
}

#[test]
fn a_header_is_bounded_even_while_it_is_incomplete() {
    let endless = [V1_PREFIX, &[b'x'; V1_BYTES_MAX]].concat();
    assert_eq!(parse(&endless[..V1_BYTES_MAX - 1]), Ok(None));
    assert_eq!(parse(&endless[..V1_BYTES_MAX]), Err(Malformed));
    let long = [V2_SIGNATURE, &[0x21, 0x11, 0xff, 0xff]].concat();
    assert_eq!(parse(&long), Err(Malformed));
}

fn any_header() -> impl Strategy<Value = (Vec<u8>, Option<SocketAddr>)> {
    let text = (any::<IpAddr>(), any::<u16>()).prop_map(|(address, port)| {
        let address = address.to_canonical();
        let line = match address {
            IpAddr::V4(_) => format!("PROXY TCP4 {address} 10.0.0.1 {port} 7002\r\n"),
            IpAddr::V6(_) => format!("PROXY TCP6 {address} ::1 {port} 7002\r\n"),
        };
        (line.into_bytes(), Some(SocketAddr::new(address, port)))
    });
    let more = prop::collection::vec(any::<u8>(), 0..200);
    let binary = (any::<Ipv4Addr>(), any::<u16>(), more).prop_map(|(address, port, more)| {
        let ports = [port.to_be_bytes(), [0, 1]].concat();
        let rest = [&address.octets()[..], &[10, 0, 0, 1], &ports, &more].concat();
        let source = SocketAddr::new(address.into(), port);
        (v2(0x21, 0x11, &rest), Some(source))
    });
    let local = Just((v2(0x20, 0, b""), None));
    prop_oneof![text, binary, local]
}

proptest! {
    #[test]
    fn a_header_is_found_when_it_is_whole_and_not_before(
        (header, source) in any_header(),
        after in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        for end in 0..header.len() {
            prop_assert_eq!(parse(&header[..end]), Ok(None));
        }
        let length = header.len();
        let expected = Ok(Some(Header { source, length }));
        prop_assert_eq!(parse(&header), expected);
        prop_assert_eq!(parse(&[header, after].concat()), expected);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        version in 0..3,
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let begin = [b"", V1_PREFIX, V2_SIGNATURE][usize::try_from(version).unwrap()];
        let _ = parse(&[begin, &bytes].concat());
    }
}
