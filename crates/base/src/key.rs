//! Keys: positive 64-bit integers that route themselves.
//!
//! ```text
//! bit 63   62........50   49.................8   7......0
//!   0      shard (13)     block (42)             local (8)
//! ```
//!
//! A shard hands out *blocks*; an instance owns whole blocks and numbers what lives in it with the
//! local bits (docs/adr/0002-keys-route-to-their-instance.md). So the key of a job, an element
//! instance or an incident names its shard and, through the block, its instance, with no lookup.

use std::fmt;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

/// Names one shard of a store, from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct ShardId(#[n(0)] pub u16);

impl ShardId {
    /// How many shards fit into a key.
    pub const COUNT_MAX: u16 = 1 << 13;

    /// The shard that owns deployments and the timers of start events.
    pub const FIRST: Self = Self(0);

    /// The shard that correlates messages of this name and correlation key (FNV-1a, so that every
    /// platform and release agrees).
    pub fn of_message(name: &str, correlation_key: &str, shards: u16) -> Self {
        Self::of_text(name.as_bytes().iter().chain(&[0]).chain(correlation_key.as_bytes()), shards)
    }

    /// The shard that holds instances started under this business id.
    pub fn of_business_id(process_id: &str, business_id: &str, shards: u16) -> Self {
        Self::of_text(
            process_id.as_bytes().iter().chain(&[0]).chain(business_id.as_bytes()),
            shards,
        )
    }

    fn of_text<'a>(bytes: impl Iterator<Item = &'a u8>, shards: u16) -> Self {
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let folded = (hash >> 32) ^ (hash & 0xffff_ffff);
        Self(u16::try_from(folded % u64::from(shards.max(1))).unwrap_or(0))
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Any key, when its kind is not known (yet). See the module for its layout.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Key(u64);

impl Key {
    /// Local keys in a block.
    pub const LOCALS_PER_BLOCK: u64 = 1 << 8;
    /// The largest key, since the APIs show keys as positive numbers.
    pub const MAX: Self = Self(u64::MAX >> 1);
    const SHARD_SHIFT: u32 = 50;
    const BLOCK_SHIFT: u32 = 8;
    const BLOCK_MASK: u64 = (1 << 42) - 1;

    /// The first key of block `block` (from 1) of `shard`.
    pub fn of_block(shard: ShardId, block: u64) -> Self {
        debug_assert!(block <= Self::BLOCK_MASK && shard.0 < ShardId::COUNT_MAX);
        Self(
            (u64::from(shard.0) << Self::SHARD_SHIFT)
                | ((block & Self::BLOCK_MASK) << Self::BLOCK_SHIFT),
        )
    }

    /// The key as the APIs show it; `None` unless positive.
    pub fn from_i64(value: i64) -> Option<Self> {
        u64::try_from(value).ok().filter(|value| *value > 0).map(Self)
    }

    /// A key from its stored form.
    pub const fn from_raw(value: u64) -> Self {
        Self(value)
    }

    /// The stored form.
    pub const fn raw(self) -> u64 {
        self.0
    }

    /// The key as the APIs show it: positive.
    pub fn as_i64(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    /// The shard that drew the key.
    pub fn shard(self) -> ShardId {
        ShardId(u16::try_from(self.0 >> Self::SHARD_SHIFT).unwrap_or(u16::MAX))
    }

    /// The number of the block within its shard.
    pub fn block(self) -> u64 {
        (self.0 >> Self::BLOCK_SHIFT) & Self::BLOCK_MASK
    }

    /// The first key of this key's block.
    #[must_use]
    pub fn block_start(self) -> Self {
        Self(self.0 & !(Self::LOCALS_PER_BLOCK - 1))
    }

    /// The key `offset` after this one. Stays in the owner's range: the caller checks. Ends at the
    /// largest number, so that a damaged log cannot stop its own fold.
    #[must_use]
    pub fn offset(self, offset: u64) -> Self {
        Self(self.0.saturating_add(offset))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What keys are written relative to. In an instance's log that is the instance key, so that its
/// keys take a byte or two; elsewhere `()`, which writes them whole.
pub trait KeyBase {
    /// The key that is subtracted.
    fn base(&self) -> Key;
}

impl KeyBase for () {
    fn base(&self) -> Key {
        Key(0)
    }
}

impl KeyBase for InstanceKey {
    fn base(&self) -> Key {
        self.0
    }
}

impl<C: KeyBase> Encode<C> for Key {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        // Keys are below 2^63, so the difference fits.
        e.i64(self.as_i64().wrapping_sub(ctx.base().as_i64()))?.ok()
    }
}

impl<'b, C: KeyBase> Decode<'b, C> for Key {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
        let value = d.i64()?.wrapping_add(ctx.base().as_i64());
        u64::try_from(value).map(Key).map_err(|_| decode::Error::message("key is negative"))
    }
}

/// A run of keys that belongs to one instance beyond its first block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyRange {
    /// First key of the run.
    pub first: Key,
    /// One past the last key.
    pub end: Key,
    /// Whose keys they are.
    pub instance: InstanceKey,
}

macro_rules! key_types {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub Key);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl<C: KeyBase> Encode<C> for $name {
            fn encode<W: encode::Write>(
                &self, e: &mut Encoder<W>, ctx: &mut C,
            ) -> Result<(), encode::Error<W::Error>> { self.0.encode(e, ctx) }
        }
        impl<'b, C: KeyBase> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
                Key::decode(d, ctx).map(Self)
            }
        }
        impl From<Key> for $name { fn from(key: Key) -> Self { Self(key) } }
        impl From<$name> for Key { fn from(key: $name) -> Self { key.0 } }
    )*};
}

key_types! {
    /// Names one instance for ever; also the key of its root scope.
    InstanceKey
    /// Names one activation of an element. The root scope's is its instance's.
    ElementKey
    /// Names one job for ever; the stable half of its idempotency key.
    JobKey
    /// Names one timer of an instance.
    TimerKey
    /// Names one message subscription of an instance.
    SubscriptionKey
    /// Names one condition that an instance waits for.
    ConditionKey
    /// Names one user task.
    UserTaskKey
    /// Names one incident.
    IncidentKey
    /// Names one published message.
    MessageKey
    /// Names one version of a definition.
    DefinitionKey
    /// Names one version of a decision.
    DecisionKey
    /// Names one version of a decision requirements graph.
    DecisionGraphKey
    /// Names one evaluation of a decision.
    EvaluationKey
}

impl InstanceKey {
    /// The root scope of the instance.
    pub fn root(self) -> ElementKey {
        ElementKey(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_shard_and_block_and_stays_positive() {
        let key = Key::of_block(ShardId(8191), (1 << 42) - 1).offset(255);
        assert!(key.as_i64() > 0);
        assert_eq!(key.shard(), ShardId(8191));
        assert_eq!(key.block(), (1 << 42) - 1);
        assert_eq!(key.block_start().offset(255), key);
    }

    #[test]
    fn keys_of_an_instance_take_few_bytes_in_its_log() {
        let instance = InstanceKey(Key::of_block(ShardId(3), 123_456_789));
        let job = JobKey(instance.0.offset(20));
        let mut ctx = instance;
        let bytes = minicbor::to_vec_with(job, &mut ctx).unwrap();
        assert_eq!(bytes.len(), 1);
        let read: JobKey = minicbor::decode_with(&bytes, &mut ctx).unwrap();
        assert_eq!(read, job);
    }
}
