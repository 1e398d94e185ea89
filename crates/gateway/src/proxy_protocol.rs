//! PROXY protocol, version 2: what a proxy says of a connection before its first byte (D12).
//!
//! Owns:  reading the header, exactly and bounded, and the address in it.
//! Never: reads a byte more than the header, or version 1.
//! Read:  `read`, then `address`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use tokio::io::{AsyncRead, AsyncReadExt};

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Bytes after the first sixteen: addresses and what else proxies add. More is refused.
const REST_MAX: usize = 2 * 1024;

/// The header's sender is no proxy that speaks version 2.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoHeader;

/// Reads the header off a connection; `peer` is who is connected, and stays for a proxy's own connections (`LOCAL`).
pub(crate) async fn read<S: AsyncRead + Unpin>(stream: &mut S, peer: IpAddr) -> Result<IpAddr, NoHeader> {
    let mut head = [0; 16];
    stream.read_exact(&mut head).await.map_err(|_| NoHeader)?;
    let (signature, [command, family, high, low]) = head.split_last_chunk().ok_or(NoHeader)?;
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    if signature != SIGNATURE || length > REST_MAX {
        return Err(NoHeader);
    }
    let mut rest = [0; REST_MAX];
    let rest = rest.get_mut(..length).ok_or(NoHeader)?;
    stream.read_exact(rest).await.map_err(|_| NoHeader)?;
    address(*command, *family, rest, peer)
}

/// The source address. Families that have none leave it unknown, so they are refused.
fn address(command: u8, family: u8, rest: &[u8], peer: IpAddr) -> Result<IpAddr, NoHeader> {
    match (command, family) {
        (0x20, _) => Ok(peer),
        (0x21, 0x11) if rest.len() >= 12 => {
            let source: [u8; 4] = *rest.first_chunk().ok_or(NoHeader)?;
            Ok(IpAddr::V4(Ipv4Addr::from(source)))
        }
        (0x21, 0x21) if rest.len() >= 36 => {
            let source: [u8; 16] = *rest.first_chunk().ok_or(NoHeader)?;
            Ok(IpAddr::V6(Ipv6Addr::from(source)).to_canonical())
        }
        _ => Err(NoHeader),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: &str = "10.0.0.1";

    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [SIGNATURE.as_slice(), &[command, family], &length, rest].concat()
    }

    async fn said(bytes: &[u8]) -> Result<String, NoHeader> {
        let mut stream = bytes;
        read(&mut stream, PEER.parse().unwrap()).await.map(|a| a.to_string())
    }

    #[tokio::test]
    async fn d12_version_two_names_the_source_and_nothing_else_is_taken() {
        let four = [198, 51, 100, 7, 10, 0, 0, 1, 0, 80, 1, 187];
        let mut six = [0; 36];
        six[..16].copy_from_slice(&"2001:db8::7".parse::<Ipv6Addr>().unwrap().octets());
        assert_eq!(said(&header(0x21, 0x11, &four)).await.unwrap(), "198.51.100.7");
        assert_eq!(said(&header(0x21, 0x11, &[&four[..], &[4, 0, 1, 0]].concat())).await.unwrap(), "198.51.100.7");
        assert_eq!(said(&header(0x21, 0x21, &six)).await.unwrap(), "2001:db8::7");
        assert_eq!(said(&header(0x20, 0, &[])).await.unwrap(), PEER);
        for bad in [
            b"PROXY TCP4 198.51.100.7 10.0.0.1 80 443\r\n".to_vec(),
            b"GET / HTTP/1.1\r\nHost: api\r\n\r\n".to_vec(),
            header(0x21, 0x11, &four[..11]),
            header(0x21, 0x21, &six[..35]),
            header(0x21, 0x31, &[0; 216]),
            header(0x21, 0x00, &[]),
            header(0x11, 0x11, &four),
            header(0x22, 0x11, &four),
            header(0x21, 0x11, &vec![0; REST_MAX + 1]),
            header(0x21, 0x11, &four)[..20].to_vec(),
        ] {
            assert!(said(&bad).await.is_err(), "{bad:?}");
        }
    }
}
