#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fermata_fuzz::run("dmn", input));
