//! The contract of the wire: what the compiled descriptors say, against facts of public origin.

mod facts;
