//! The parts of a walk, each a function of its own for each way of looking at many bytes.

use super::walk::Walk;
use crate::lane::{Look, OverBlocks};
use crate::schema::program::{Site, SiteId};

/// A whole document.
pub(super) struct Whole<'a, 'w, 't>(pub(super) &'a mut Walk<'w, 't>);

impl OverBlocks for Whole<'_, '_, '_> {
    type Found = Option<()>;

    #[inline(always)]
    fn go<L: Look>(self) -> Option<()> {
        self.0.whole::<L>()
    }
}

/// A value.
pub(super) struct ValueAt<'a, 'w, 't> {
    pub(super) walk: &'a mut Walk<'w, 't>,
    pub(super) site: SiteId,
    pub(super) at: usize,
    pub(super) keep: u8,
}

impl OverBlocks for ValueAt<'_, '_, '_> {
    type Found = Option<usize>;

    #[inline(always)]
    fn go<L: Look>(self) -> Option<usize> {
        self.walk.value_here::<L>(self.site, self.at, self.keep)
    }
}

/// What is inside an object, or else an array.
pub(super) struct InsideAt<'a, 'w, 't, const OBJECT: bool> {
    pub(super) walk: &'a mut Walk<'w, 't>,
    pub(super) site: &'t Site,
    pub(super) at: usize,
    pub(super) keep: u8,
}

impl<const OBJECT: bool> OverBlocks for InsideAt<'_, '_, '_, OBJECT> {
    type Found = Option<(usize, usize)>;

    #[inline(always)]
    fn go<L: Look>(self) -> Self::Found {
        match OBJECT {
            true => self.walk.object_here::<L>(self.site, self.at, self.keep),
            false => self.walk.array_here::<L>(self.site, self.at, self.keep),
        }
    }
}
