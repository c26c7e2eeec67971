//! What is due to a client: whole frames in order, written many at once.

use super::socket::Socket;
use bytes::{Buf, Bytes};
use std::collections::VecDeque;
use std::io::{self, IoSlice};

/// Frames handed to one vectored write, at most. Linux takes 1024.
const SLICES_MAX: usize = 64;

/// Frames on their way out.
#[derive(Default)]
pub(super) struct Outbound {
    frames: VecDeque<Bytes>,
    bytes: usize,
}

impl Outbound {
    pub(super) fn push(&mut self, frame: Bytes) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }

    /// Bytes that wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Takes out everything, for another to write.
    pub(super) fn take(&mut self) -> Vec<Bytes> {
        self.bytes = 0;
        std::mem::take(&mut self.frames).into()
    }

    /// Writes once, as much as the socket takes.
    pub(super) fn write(&mut self, socket: &mut Socket) -> io::Result<()> {
        let written = if let [only] = self.frames.make_contiguous() {
            socket.try_write(only)?
        } else {
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let mut count = 0;
            for (slice, frame) in slices.iter_mut().zip(&self.frames) {
                *slice = IoSlice::new(frame);
                count += 1;
            }
            socket.try_write_vectored(&slices[..count])?
        };
        self.advance(written);
        Ok(())
    }

    fn advance(&mut self, mut written: usize) {
        self.bytes -= written;
        while let Some(frame) = self.frames.front_mut() {
            if frame.len() > written {
                frame.advance(written);
                return;
            }
            written -= frame.len();
            self.frames.pop_front();
        }
        // Most connections are quiet most of the time: they keep no buffer.
        self.frames = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_write_leaves_the_rest_in_order() {
        let mut outbound = Outbound::default();
        for frame in ["abc", "def", "g"] {
            outbound.push(Bytes::from_static(frame.as_bytes()));
        }
        outbound.advance(4);
        assert_eq!(outbound.bytes(), 3);
        assert_eq!(outbound.frames, ["ef", "g"]);
        outbound.advance(3);
        assert!(outbound.is_empty());
        assert_eq!(outbound.bytes(), 0);
    }
}
