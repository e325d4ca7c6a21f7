//! Every limit of the engine, its unit last in the name. What exceeds one gets a rejection that
//! states the limit and the value.

/// Largest JSON object of variables in one command, in bytes of its text.
pub const VARIABLES_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Deepest nesting of a JSON value.
pub const JSON_DEPTH_MAX: usize = 512;
/// Largest model in one deployment, in bytes.
pub const RESOURCE_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Deepest nesting of elements in a model.
pub const XML_DEPTH_MAX: usize = 200;
/// Most XML nodes in a model.
pub const XML_NODES_MAX: u32 = 2_000_000;
/// Largest deployment, all resources together, in bytes.
pub const DEPLOYMENT_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Longest name, id, correlation key, job type or worker name, in bytes.
pub const NAME_BYTES_MAX: usize = 4 * 1024;
/// Longest error message that is kept, in bytes; longer ones are cut.
pub const MESSAGE_BYTES_MAX: usize = 10 * 1024;
/// Jobs that one activation may lease.
pub const JOBS_PER_ACTIVATION_MAX: u32 = 1_000;
/// Bytes of variables after which an activation stops taking further jobs, so that the answer
/// stays below the 4 MB that gRPC clients accept.
pub const ACTIVATION_BYTES_MAX: usize = 3 * 1024 * 1024;
/// Longest lease of a job, in milliseconds (ten years).
pub const LEASE_MS_MAX: i64 = 10 * 366 * 24 * 3600 * 1000;
/// Elements of an ad-hoc sub-process that wait for their turn.
pub const AD_HOC_WAITING_MAX: usize = 10_000;
/// Elements of an ad-hoc sub-process that are activated at once.
pub const AD_HOC_ELEMENTS_MAX: usize = 1_000;
/// How often one input triggers the same conditional event before the engine raises an incident.
pub const CONDITION_PER_INPUT_MAX: u32 = 1_000;
/// Steps (elements entered) that one input may cause before the instance gets an incident: a loop
/// that never waits would otherwise never end.
pub const STEPS_PER_INPUT_MAX: u32 = 20_000;
/// Element instances that live at once in one instance, and steps that it keeps: beyond it nothing more
/// begins until somebody has looked. A model whose tokens double while they wait would otherwise fill
/// the memory.
pub const LIVE_ELEMENTS_MAX: usize = 1_000_000;
/// Instances that call activities may start one below the other: a process that calls itself without
/// end would otherwise never come to rest.
pub const CALL_DEPTH_MAX: u32 = 100;
/// Steps of one input after which a loop (multi-instance, standard) lets others go first: its further
/// turns begin with a timer that is due at once.
pub const LOOP_STEPS_PER_INPUT: u32 = 1_000;
/// Turns of one loop. A collection or cardinality above it is an incident; a standard loop that comes
/// to it stops with one.
pub const LOOP_TURNS_MAX: u32 = 1_000_000;
/// Events after its last snapshot at which an instance that leaves memory is snapshotted.
pub const EVENTS_PER_SNAPSHOT: u64 = 256;
/// Time for which a message id is remembered, in milliseconds, even if the message itself lives
/// shorter: a client that repeats its publication within it creates nothing twice.
pub const MESSAGE_ID_KEPT_MS_MIN: i64 = 3_600_000;
/// Longest time to live of a message, in milliseconds (ten years).
pub const TIME_TO_LIVE_MS_MAX: i64 = 10 * 366 * 24 * 3600 * 1000;
/// Largest value of an input or output that is kept with the evaluation of a decision, in bytes of its
/// JSON.
pub const EVALUATION_VALUE_BYTES_MAX: usize = 4 * 1024;
/// What is kept with one evaluation of a decision, in bytes of its values and names.
pub const EVALUATION_BYTES_MAX: usize = 64 * 1024;
/// Tags of one instance.
pub const TAGS_MAX: usize = 10;
/// Instructions of one modification, and elements at which one instance may begin.
pub const INSTRUCTIONS_MAX: usize = 1_000;
/// Elements that one migration may map.
pub const MAPPINGS_MAX: usize = 20_000;
