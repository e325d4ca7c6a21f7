//! Where expressions find their names.

use std::sync::Arc;

use feel::{Context, Scope, Value};

/// Names with values, before those of the frame around it.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    /// It finds a name fast also where there are many.
    own: Context,
    around: Around<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Around<'a> {
    Nothing,
    Frame(&'a Frame<'a>),
    /// What a function kept: names, and a list of their values.
    Kept(&'a [Arc<str>], &'a [Value], Option<&'a Arc<Context>>),
    /// The variables from outside, for names that nothing declares.
    Given(&'a Arc<Context>),
}

impl<'a> Frame<'a> {
    /// The frame of a decision. Names that nothing declares are looked for in `given`.
    pub fn new(own: Context, given: Option<&'a Arc<Context>>) -> Self {
        Self { own, around: given.map_or(Around::Nothing, Around::Given) }
    }

    /// The frame of a function that kept something.
    pub fn kept(
        names: &'a [Arc<str>],
        values: &'a [Value],
        given: Option<&'a Arc<Context>>,
    ) -> Self {
        Self { own: Context::default(), around: Around::Kept(names, values, given) }
    }

    /// A frame inside of this one.
    pub fn inner(&'a self, own: Context) -> Self {
        Self { own, around: Around::Frame(self) }
    }

    /// Gives a name a value; it hides that of an outer frame.
    pub fn bind(&mut self, name: Arc<str>, value: Value) {
        self.own.set(name, value);
    }

    /// What this frame bound itself.
    pub fn into_own(self) -> Context {
        self.own
    }

    /// Everything that is bound, the innermost first; a name may come again.
    pub fn all(&self) -> Vec<(Arc<str>, Value)> {
        let mut all = Vec::new();
        let mut frame = self;
        loop {
            all.extend(frame.own.iter().map(|(name, value)| (name.clone(), value.clone())));
            match frame.around {
                Around::Frame(outer) => frame = outer,
                Around::Kept(names, values, _) => {
                    all.extend(names.iter().cloned().zip(values.iter().cloned()));
                    return all;
                }
                Around::Nothing | Around::Given(_) => return all,
            }
        }
    }

    /// The variables from outside.
    pub fn given(&self) -> Option<&'a Arc<Context>> {
        let mut around = self.around;
        loop {
            match around {
                Around::Frame(outer) => around = outer.around,
                Around::Kept(_, _, given) => return given,
                Around::Given(given) => return Some(given),
                Around::Nothing => return None,
            }
        }
    }
}

impl Scope for Frame<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        let mut frame = self;
        loop {
            if let Some(value) = frame.own.get(name) {
                return Some(value.clone());
            }
            match frame.around {
                Around::Frame(outer) => frame = outer,
                Around::Kept(names, values, given) => {
                    let place = names.iter().position(|known| **known == *name);
                    return match place {
                        Some(place) => values.get(place).cloned(),
                        None => given.and_then(|given| given.as_ref().get(name)).cloned(),
                    };
                }
                Around::Given(given) => return given.as_ref().get(name).cloned(),
                Around::Nothing => return None,
            }
        }
    }

    fn names(&self) -> Vec<String> {
        let own = self.all().into_iter().map(|(name, _)| name.as_ref().into());
        let given = self.given().into_iter().flat_map(|given| given.iter());
        own.chain(given.map(|(name, _)| name.as_ref().into())).collect()
    }
}
