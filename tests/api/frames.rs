//! HTTP/2 spoken frame by frame (RFC 9113), for what no client library would send.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::support::{
    Appliance,
    wire::{PATIENCE, Wire},
};

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const CONTINUATION: u8 = 9;

pub const ACK: u8 = 1;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

const CANCEL: [u8; 4] = [0, 0, 0, 8];

/// One frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// What a client says first: that it speaks HTTP/2, and these settings.
pub fn greeting(settings: &[u8]) -> Vec<u8> {
    let mut greeting = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    greeting.extend(frame(SETTINGS, 0, 0, settings));
    greeting
}

/// Header fields of a request, as HPACK writes them without its tables (RFC 7541 §6.2.2).
pub fn fields(method: &str, path: &str) -> Vec<u8> {
    let mut block = vec![if method == "POST" { 0x83 } else { 0x82 }, 0x87];
    let (path_name, authority_name, content_type_name) =
        (&[0x04][..], &[0x01][..], &[0x0f, 0x10][..]);
    for (name, value) in
        [(path_name, path), (authority_name, "localhost"), (content_type_name, "application/json")]
    {
        block.extend(name);
        block.push(u8::try_from(value.len()).unwrap());
        block.extend(value.as_bytes());
    }
    block
}

/// A request that is taken back as soon as it was made.
pub fn taken_back(stream: u32) -> Vec<u8> {
    let mut frames = frame(HEADERS, END_HEADERS | END_STREAM, stream, &fields("GET", "/livez"));
    frames.extend(frame(RST_STREAM, 0, stream, &CANCEL));
    frames
}

/// Takes a request back.
pub fn cancel(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &CANCEL)
}

/// A connection that has said its greeting.
pub async fn open(app: &Appliance) -> Wire {
    let mut wire = Wire::open_speaking(app, &[b"h2"]).await.unwrap();
    wire.send(greeting(&[])).await;
    wire
}

/// Reads frames until one of this kind and these flags comes; false when the connection ends first.
pub async fn read_until(wire: &mut Wire, kind: u8, flags: u8) -> bool {
    let reading = async {
        loop {
            let mut head = [0; 9];
            if wire.stream.read_exact(&mut head).await.is_err() {
                return false;
            }
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            if wire.stream.read_exact(&mut payload).await.is_err() {
                return false;
            }
            if (head[3], head[4] & flags) == (kind, flags) {
                return true;
            }
        }
    };
    timeout(PATIENCE, reading).await.expect("neither the frame nor the end ever came")
}

/// Sends the same again and again, and reads whatever comes, until the connection ends.
pub async fn flood(wire: Wire, mut frames: impl FnMut() -> Vec<u8>) {
    let (mut reading, mut writing) = tokio::io::split(wire.stream);
    let reader = tokio::spawn(async move {
        let mut scratch = [0; 4096];
        while reading.read(&mut scratch).await.is_ok_and(|count| count > 0) {}
    });
    let writer = async { while writing.write_all(&frames()).await.is_ok() {} };
    let ended = async {
        tokio::select! {
            () = writer => {}
            _ = reader => {}
        }
    };
    timeout(PATIENCE, ended).await.expect("it may go on for ever");
}
