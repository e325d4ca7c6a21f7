//! Models are read, refused with their place, and run; after every input the state is rebuilt from
//! the log and from a snapshot, and must be the same.

mod compensation;
mod compensation_across;
mod compensation_of_loops;
mod data;
mod documents;
mod events;
mod gateways;
mod harness;
mod hostile;
mod large;
mod lint;
mod lint_docs;
mod lint_oracle;
mod listeners;
mod loops;
mod markers;
mod migrate;
mod modify;
mod policies;
mod random;
mod random_changes;
mod refusals;
mod running;
mod shared_models;
mod size;
mod standard_loops;
// mod tangles;
mod suspension;
mod transactions;
mod transcript;
mod undo_refusals;
