//! What makes two alerts the same: hashes that never depend on array positions.
//!
//! `id` is rule, call and state; `fingerprint` is rule and key. Parts are
//! hashed with their lengths, so no two lists of parts run together.

use sha2::{Digest, Sha256};

use super::State;

/// 128 bits of SHA-256 over the parts, in hexadecimal.
fn hash(domain: &str, parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in std::iter::once(&domain).chain(parts) {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part.as_bytes());
    }
    first_half(&digest.finalize())
}

/// The first 128 bits of a digest, in hexadecimal.
fn first_half(digest: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |four: u8| char::from(DIGITS[usize::from(four & 15)]);
    let bytes = digest.iter().take(16);
    bytes
        .flat_map(|byte| [digit(byte >> 4), digit(*byte)])
        .collect()
}

/// The alert's id: the same rule on the same call in the same state.
///
/// `subject` is the call's id (or a hash of the document, where it has none), and with it the
/// rule's own key, where it has one.
pub fn alert_id(rule: &str, subject: &[&str], state: State) -> String {
    let mut parts = vec![rule, state.name()];
    parts.extend_from_slice(subject);
    hash("qualwatch.alert.id", &parts)
}

/// The fingerprint: the same rule for the same key, which is the call unless the rule says
/// otherwise.
pub fn fingerprint(rule: &str, key: &[&str]) -> String {
    let mut parts = vec![rule];
    parts.extend_from_slice(key);
    hash("qualwatch.alert.fingerprint", &parts)
}

/// Stands for a call without an id: its document's bytes, so that no two strangers merge.
pub(super) fn content_key(text: &[u8]) -> String {
    format!("document:{}", first_half(&Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_depends_on_each_part_and_on_where_parts_end() {
        let id = alert_id("poor-audio", &["a"], State::Event);
        assert_eq!(id, alert_id("poor-audio", &["a"], State::Event));
        assert_eq!(id.len(), 32);
        assert_eq!(first_half(&[0x0f; 32]), "0f".repeat(16));
        assert_ne!(id, alert_id("poor-audio", &["b"], State::Event));
        assert_ne!(
            fingerprint("r", &["ab", "c"]),
            fingerprint("r", &["a", "bc"])
        );
        assert_ne!(fingerprint("r", &["a"]), fingerprint("r", &["a", ""]));
        assert_ne!(content_key(b"{}"), content_key(b"{ }"));
    }
}
