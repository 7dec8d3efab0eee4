//! Bytes that are read to where they stay.
//!
//! What was once made room for is kept and never cleared, so that a read costs no more than the read.

/// See the module's text.
#[derive(Debug, Default, Clone)]
pub(crate) struct Room {
    bytes: Vec<u8>,
    used: usize,
}

impl Room {
    pub(crate) fn len(&self) -> usize {
        self.used
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.used == 0
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.used]
    }

    pub(crate) fn clear(&mut self) {
        self.used = 0;
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.used = self.used.min(len);
    }

    pub(crate) fn extend(&mut self, more: &[u8]) {
        let end = self.used + more.len();
        match self.bytes.get_mut(self.used..end) {
            Some(room) => room.copy_from_slice(more),
            None => {
                self.bytes.truncate(self.used);
                self.bytes.extend_from_slice(more);
            }
        }
        self.used = end;
    }

    /// Room for `more` bytes behind what is there, whatever stands in it; then see [`Room::grew`].
    pub(crate) fn space(&mut self, more: usize) -> &mut [u8] {
        let end = self.used + more;
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        &mut self.bytes[self.used..end]
    }

    /// So many bytes of the space were written.
    pub(crate) fn grew(&mut self, by: usize) {
        self.used = (self.used + by).min(self.bytes.len());
    }

    /// Throws the first bytes away.
    pub(crate) fn drop_front(&mut self, bytes: usize) {
        self.bytes.copy_within(bytes..self.used, 0);
        self.used -= bytes;
    }

    /// Gives back memory beyond `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        if self.bytes.len() > bytes {
            self.bytes.truncate(bytes.max(self.used));
            self.bytes.shrink_to(bytes);
        }
    }

    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}
