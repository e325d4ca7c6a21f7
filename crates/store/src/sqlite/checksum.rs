//! A checksum before what cannot be derived again: rows of logs, snapshots, mail.
//!
//! SQLite checks the frames of its write-ahead log, but nothing in the file itself: a byte that
//! flips on the disk would be read as if it had been written. The checksum covers the row's key
//! as well, so that a row under another row's key is found too.

/// CRC-32 (IEEE), little endian, before the content.
const BYTES: usize = 4;

/// The content with its checksum in front.
pub(super) fn seal(key: [u64; 2], content: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&checksum(key, content));
    out.extend_from_slice(content);
}

/// The content if it is what was sealed under this key.
pub(super) fn open(key: [u64; 2], sealed: &[u8]) -> Option<&[u8]> {
    let (stated, content) = sealed.split_at_checked(BYTES)?;
    (checksum(key, content) == stated).then_some(content)
}

fn checksum(key: [u64; 2], content: &[u8]) -> [u8; BYTES] {
    let mut hasher = crc32fast::Hasher::new();
    for part in key {
        hasher.update(&part.to_le_bytes());
    }
    hasher.update(content);
    hasher.finalize().to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::{open, seal};

    #[test]
    fn any_flipped_bit_is_found() {
        let mut sealed = Vec::new();
        seal([7, 1], b"events", &mut sealed);
        assert_eq!(open([7, 1], &sealed), Some(&b"events"[..]));
        assert_eq!(open([7, 2], &sealed), None);
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open([7, 1], &flipped), None, "bit {bit}");
        }
        for len in 0..sealed.len() {
            assert_eq!(open([7, 1], &sealed[..len]), None, "cut to {len}");
        }
    }
}
