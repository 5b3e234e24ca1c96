#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lenscape_fuzz::load_with("tekken.json", bytes));
