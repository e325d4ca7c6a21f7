//! The codes of lint. docs/reference/lint.md has a section for each; a test compares them.

pub(super) const UNREACHABLE: &str = "B200";
pub(super) const NO_DEFAULT: &str = "B201";
pub(super) const WAITS_FOR_EVER: &str = "B202";
pub(super) const RUNS_TWICE: &str = "B203";
pub(super) const SIGNAL_NOT_THROWN: &str = "B204";
pub(super) const LINK_NOT_THROWN: &str = "B205";
pub(super) const ESCALATION_NOT_THROWN: &str = "B206";
pub(super) const ESCALATION_NOT_CAUGHT: &str = "B207";
pub(super) const ERROR_NOT_THROWN: &str = "B208";
pub(super) const ERROR_NOT_CAUGHT: &str = "B209";
pub(super) const TASK_WITHOUT_TIMEOUT: &str = "B210";
pub(super) const MESSAGE_WITHOUT_TIMEOUT: &str = "B211";
pub(super) const NOT_COMPENSATED: &str = "B212";
pub(super) const NAME_MISSPELT: &str = "B213";
pub(super) const NEVER_WAITS: &str = "B214";
pub(super) const SAME_CONDITION: &str = "B215";
pub(super) const CONDITION_WITHOUT_EFFECT: &str = "B216";
pub(super) const TASK_WITHOUT_NAME: &str = "B217";
pub(super) const SILENCES_NOTHING: &str = "B218";
pub(super) const DATA_NOT_FOUND: &str = "B219";

/// Every code that a rule reports, in order.
pub const CODES: &[&str] = &[
    UNREACHABLE,
    NO_DEFAULT,
    WAITS_FOR_EVER,
    RUNS_TWICE,
    SIGNAL_NOT_THROWN,
    LINK_NOT_THROWN,
    ESCALATION_NOT_THROWN,
    ESCALATION_NOT_CAUGHT,
    ERROR_NOT_THROWN,
    ERROR_NOT_CAUGHT,
    TASK_WITHOUT_TIMEOUT,
    MESSAGE_WITHOUT_TIMEOUT,
    NOT_COMPENSATED,
    NAME_MISSPELT,
    NEVER_WAITS,
    SAME_CONDITION,
    CONDITION_WITHOUT_EFFECT,
    TASK_WITHOUT_NAME,
    SILENCES_NOTHING,
    DATA_NOT_FOUND,
];
