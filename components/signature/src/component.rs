//! What makes a component of it: the export, memory, and what happens on a panic.

#![expect(
    unsafe_code,
    reason = "without the standard library, the canonical ABI's allocation function must be given here"
)]

extern crate alloc;

use alloc::{string::String, vec::Vec};
use core::alloc::Layout;

wit_bindgen_rust_macro::generate!({
    path: "../../wit/webhook",
    world: "signer",
    runtime_path: "crate::component::runtime",
});

/// What the bindings call at run time. The wit-bindgen crate would bring it, and with it, as soon as another component in the
/// same build uses its asynchronous parts, the standard library.
mod runtime {
    /// Static constructors, of which Rust without a standard library has none.
    pub(super) const fn run_ctors_once() {}

    /// Only there to keep `cabi_realloc`, which is exported below.
    pub(super) const fn maybe_link_cabi_realloc() {}
}

struct Signer;

impl exports::slipway::webhook::signature::Guest for Signer {
    fn verify(secrets: Vec<String>, body: Vec<u8>, signature: String) -> Option<u32> {
        crate::verify(&secrets, &body, signature.as_bytes())
    }
}

export!(Signer);

#[global_allocator]
static MEMORY: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// Where callers put arguments, by the canonical ABI. Traps if there is no memory left.
///
/// # Safety
///
/// `old` is null with `old_size` 0, or was returned from here for `old_size` and `align`; `align` is a power of two.
#[unsafe(no_mangle)]
unsafe extern "C" fn cabi_realloc(
    old: *mut u8,
    old_size: usize,
    align: usize,
    new_size: usize,
) -> *mut u8 {
    if new_size == 0 {
        return core::ptr::without_provenance_mut(align);
    }
    // SAFETY: what the caller promises, and `new_size` is not zero.
    let new = unsafe {
        let layout = Layout::from_size_align_unchecked(new_size, align);
        if old_size == 0 {
            alloc::alloc::alloc(layout)
        } else {
            let old_layout = Layout::from_size_align_unchecked(old_size, align);
            alloc::alloc::realloc(old, old_layout, new_size)
        }
    };
    if new.is_null() {
        core::arch::wasm32::unreachable();
    }
    new
}
