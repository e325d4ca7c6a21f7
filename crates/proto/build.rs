//! Compiles `proto/` into Rust: no `protoc` needed on the machine.

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(["gateway/gateway.proto", "health/health.proto"], ["proto"])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let descriptor_set = out.join("descriptors.bin");
    fs::write(&descriptor_set, protox::prost::Message::encode_to_vec(&descriptors))?;
    tonic_prost_build::configure()
        // `connect` helpers would pull a whole transport in here; the client brings its own channel.
        .build_transport(false)
        .compile_fds(descriptors)?;
    Ok(())
}
