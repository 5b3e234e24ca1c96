#![no_main]

use lenscape::trace::LensKind;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lenscape_fuzz::read_lens(LensKind::Tuned, bytes));
