//! The contract of every store, and what only the one in a file can do wrong.

extern crate fermata_store as store;

mod agreement;
mod commit;
mod damage;
mod deletion;
mod file;
mod live_rows;
mod logs;
mod queries;
mod rig;
