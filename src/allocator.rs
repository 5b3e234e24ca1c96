//! An allocator that also remembers what was refused, so that a program that ends for want of memory
//! can say so.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Where the memory comes from.
#[cfg(not(target_env = "musl"))]
static ALLOCATOR: std::alloc::System = std::alloc::System;

/// musl's own allocator takes memory from the system for each tensor and gives it back with it,
/// which makes every token slower.
#[cfg(target_env = "musl")]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The last request that was refused, in bytes, and the thread that made it.
static REFUSED: AtomicUsize = AtomicUsize::new(0);
static REFUSED_TO: AtomicUsize = AtomicUsize::new(0);

/// The allocator; see [`refused`].
#[derive(Clone, Copy, Debug, Default)]
pub struct NoticingAllocator;

// SAFETY: everything is passed on to the allocator above unchanged, and so is its answer.
unsafe impl GlobalAlloc for NoticingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        notice(unsafe { ALLOCATOR.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        notice(unsafe { ALLOCATOR.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        notice(unsafe { ALLOCATOR.realloc(at, layout, size) }, size)
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { ALLOCATOR.dealloc(at, layout) }
    }
}

fn notice(given: *mut u8, size: usize) -> *mut u8 {
    if given.is_null() {
        REFUSED.store(size, Ordering::SeqCst);
        REFUSED_TO.store(this_thread(), Ordering::SeqCst);
    }
    given
}

/// The last request of this thread that was refused, in bytes, where no other thread had one
/// refused since. May be called while a signal is answered.
#[must_use]
pub fn refused() -> Option<usize> {
    (REFUSED_TO.load(Ordering::SeqCst) == this_thread()).then(|| REFUSED.load(Ordering::SeqCst))
}

/// Which thread this is, as a number that is never zero. May be called while a signal is answered.
#[must_use]
pub fn this_thread() -> usize {
    // SAFETY: it has no conditions.
    unsafe { libc::pthread_self() as usize }
}
