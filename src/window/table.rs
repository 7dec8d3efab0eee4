//! Rows with a name each, found by hash, with the oldest idle row at hand.

use hashbrown::HashTable;

/// No row.
pub(crate) const NONE: u32 = u32::MAX;

#[derive(Debug)]
struct Row<T> {
    hash: u64,
    /// Neighbours in the order of use; of a free row, `next` is the next free one.
    before: u32,
    next: u32,
    /// Told apart from rows that had the same number.
    turn: u32,
    value: Option<T>,
}

/// See the module's text.
#[derive(Debug)]
pub(crate) struct Table<T> {
    rows: Vec<Row<T>>,
    index: HashTable<u32>,
    free: u32,
    oldest: u32,
    newest: u32,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table {
            rows: Vec::new(),
            index: HashTable::new(),
            free: NONE,
            oldest: NONE,
            newest: NONE,
        }
    }
}

impl<T> Table<T> {
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    pub(crate) fn find(&self, hash: u64, is: impl Fn(&T) -> bool) -> Option<u32> {
        let same = |row: &u32| self.get(*row).is_some_and(&is);
        self.index.find(hash, same).copied()
    }

    pub(crate) fn get(&self, row: u32) -> Option<&T> {
        self.rows.get(row as usize)?.value.as_ref()
    }

    pub(crate) fn get_mut(&mut self, row: u32) -> Option<&mut T> {
        self.rows.get_mut(row as usize)?.value.as_mut()
    }

    pub(crate) fn turn(&self, row: u32) -> u32 {
        self.rows.get(row as usize).map_or(0, |row| row.turn)
    }

    pub(crate) fn oldest(&self) -> Option<u32> {
        (self.oldest != NONE).then_some(self.oldest)
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = (u32, &T)> {
        let rows = self.rows.iter().enumerate();
        rows.filter_map(|(number, row)| Some((number as u32, row.value.as_ref()?)))
    }

    /// Adds a row that is not there yet; it is the newest.
    pub(crate) fn insert(&mut self, hash: u64, value: T) -> u32 {
        let number = if self.free == NONE {
            self.rows.push(Row {
                hash,
                before: NONE,
                next: NONE,
                turn: 0,
                value: None,
            });
            self.rows.len() as u32 - 1
        } else {
            let number = self.free;
            self.free = self.rows[number as usize].next;
            number
        };
        let row = &mut self.rows[number as usize];
        (row.hash, row.value) = (hash, Some(value));
        let rows = &self.rows;
        self.index
            .insert_unique(hash, number, |row| rows[*row as usize].hash);
        self.append(number);
        number
    }

    pub(crate) fn remove(&mut self, number: u32) -> Option<T> {
        let value = self.rows.get_mut(number as usize)?.value.take()?;
        let hash = self.rows[number as usize].hash;
        if let Ok(entry) = self.index.find_entry(hash, |row| *row == number) {
            entry.remove();
        }
        self.unlink(number);
        let row = &mut self.rows[number as usize];
        row.turn = row.turn.wrapping_add(1);
        row.next = self.free;
        self.free = number;
        Some(value)
    }

    /// Makes a row the newest.
    pub(crate) fn touch(&mut self, number: u32) {
        if self.newest != number {
            self.unlink(number);
            self.append(number);
        }
    }

    fn append(&mut self, number: u32) {
        let newest = self.newest;
        let row = &mut self.rows[number as usize];
        (row.before, row.next) = (newest, NONE);
        if newest == NONE {
            self.oldest = number;
        } else {
            self.rows[newest as usize].next = number;
        }
        self.newest = number;
    }

    fn unlink(&mut self, number: u32) {
        let row = &self.rows[number as usize];
        let (before, next) = (row.before, row.next);
        if before == NONE {
            self.oldest = next;
        } else {
            self.rows[before as usize].next = next;
        }
        if next == NONE {
            self.newest = before;
        } else {
            self.rows[next as usize].before = before;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_what_was_touched_least_lately() {
        let mut table = Table::default();
        let (a, b, c) = (
            table.insert(1, "a"),
            table.insert(1, "b"),
            table.insert(2, "c"),
        );
        table.touch(a);
        assert_eq!(table.oldest(), Some(b));
        assert_eq!(table.find(1, |text| *text == "a"), Some(a));
        assert_eq!((table.remove(b), table.turn(b)), (Some("b"), 1));
        assert_eq!(table.oldest(), Some(c));
        assert_eq!(table.insert(3, "d"), b);
        assert_eq!((table.len(), table.find(1, |text| *text == "b")), (3, None));
        table.touch(c);
        assert_eq!(table.oldest(), Some(a));
    }
}
