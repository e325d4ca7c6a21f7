//! Models are read, refused with their place, and run; after every input the state is rebuilt from
//! the log and from a snapshot, and must be the same.

mod compensation;
mod compensation_of_loops;
mod events;
mod gateways;
mod harness;
mod hostile;
mod large;
mod loops;
mod markers;
mod migrate;
mod modify;
mod random;
mod random_changes;
mod refusals;
mod running;
mod shared_models;
mod standard_loops;
mod transactions;
mod transcript;
mod undo_refusals;
