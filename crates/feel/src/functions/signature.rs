//! Lists of parameters, read from their text in the table.
//!
//! In:  `string: string, start position: number, length?: number`.
//! Out: names in order, what may be left out, what each argument has to be, the text for readers.
//! Absent: arguments. Whether they conform is asked when a text is compiled (`check`) and, by each
//!         function, when it runs.

use crate::kinds::{Kinds, either};

/// One list of parameters.
#[derive(Debug)]
pub(crate) struct Form {
    /// Without types, as readers see it.
    pub shown: String,
    pub parameters: Vec<Wanted>,
    pub names: Vec<&'static str>,
    pub required: usize,
    pub variadic: bool,
    /// It only serves arguments by name.
    pub by_name: bool,
}

/// What an argument has to be, so that the function may give more than null.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// The argument itself. A list of one item may stand for its item.
    pub kinds: Kinds,
    /// Its items, if it is a list.
    pub items: Kinds,
    /// It is compared with the other such arguments, and its items with each other.
    pub comparable: bool,
    /// One of the arguments or items is enough.
    pub some: bool,
    /// An empty list has no result either.
    pub filled: bool,
    text: &'static str,
}

impl Form {
    pub fn new(text: &'static str) -> Self {
        let by_name = text.starts_with('=');
        let mut form = Self {
            shown: String::new(),
            parameters: Vec::new(),
            names: Vec::new(),
            required: 0,
            variadic: false,
            by_name,
        };
        let parts = text.trim_start_matches('=').split(", ").filter(|part| !part.is_empty());
        for part in parts {
            let (marked, of) = part.split_once(": ").unwrap_or((part, "any"));
            if !form.shown.is_empty() {
                form.shown.push_str(", ");
            }
            form.shown.push_str(marked);
            form.add(marked, Wanted::new(of));
        }
        form
    }

    fn add(&mut self, marked: &'static str, wanted: Wanted) {
        let name = marked.trim_end_matches("...").trim_end_matches('?');
        if marked.ends_with("...") {
            self.variadic = true;
            // A call without any argument is no call with an empty list.
            self.required += usize::from(self.names.is_empty());
        } else if !marked.ends_with('?') {
            self.required = self.names.len() + 1;
        }
        self.names.push(name);
        self.parameters.push(wanted);
    }

    /// It takes this many arguments.
    pub fn takes(&self, count: usize) -> bool {
        count >= self.required && (self.variadic || count <= self.names.len()) && !self.by_name
    }

    /// The place among the parameters that an argument belongs to.
    pub fn place(&self, argument: usize) -> usize {
        argument.min(self.parameters.len().saturating_sub(1))
    }

    /// The argument is one of any number: then a list of one item does not stand for its item.
    pub fn is_open(&self, argument: usize) -> bool {
        self.variadic && argument + 1 >= self.parameters.len()
    }
}

impl Wanted {
    fn new(text: &'static str) -> Self {
        let (filled, text) =
            text.strip_prefix("filled ").map_or((false, text), |text| (true, text));
        let inside = |open: &str| text.strip_prefix(open).and_then(|rest| rest.strip_suffix('>'));
        let (of, wrapped) = if let Some(items) = inside("list<") {
            (items, Kinds::LIST)
        } else if let Some(ends) = inside("range<") {
            (ends, Kinds::RANGE)
        } else {
            (text, Kinds::NONE)
        };
        let (some, of) = of.strip_prefix("some ").map_or((false, of), |of| (true, of));
        let inner = kinds(of).unwrap_or(Kinds::ALL);
        let (kinds, items) = match wrapped {
            // An item stands for a list of it.
            Kinds::LIST => (Kinds::LIST | inner.without(Kinds::NULL), inner),
            Kinds::RANGE => (Kinds::RANGE, Kinds::ALL),
            _ if text == "list" => (Kinds::ALL.without(Kinds::NULL), Kinds::ALL),
            _ => (inner, Kinds::ALL),
        };
        Self { kinds, items, comparable: of == "comparable", some, filled, text }
    }

    /// `a list of numbers`, for messages.
    pub fn described(&self) -> String {
        let plain = |of: &str| kinds(of).unwrap_or(Kinds::ALL).without(Kinds::NULL);
        if let Some(of) = self.text.strip_prefix("list<").and_then(|rest| rest.strip_suffix('>')) {
            return match of.trim_start_matches("some ") {
                "comparable" => "a list of comparable values".into(),
                of => format!("a list of {}", plain(of).plural()),
            };
        }
        match self.text.trim_start_matches("some ") {
            "any" => "anything".into(),
            "list" => "a list".into(),
            "comparable" => "a comparable value".into(),
            of if of.starts_with("range") => "a range".into(),
            of => either(std::iter::once(plain(of).described())),
        }
    }
}

/// The kinds of a type's text, without what is around it: `string|null`.
pub(super) fn kinds(text: &str) -> Option<Kinds> {
    match text {
        "any" => Some(Kinds::ALL),
        "comparable" => Some(Kinds::ORDERED),
        text => text
            .split('|')
            .try_fold(Kinds::NONE, |all, name| Kinds::named(name).map(|kind| all | kind)),
    }
}

/// What a function gives: its kinds with null unless `!` says never, and the kinds of items.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gives {
    pub kinds: Kinds,
    pub items: Kinds,
}

impl Gives {
    pub fn new(text: &'static str) -> Self {
        let (text, null) =
            text.strip_suffix('!').map_or((text, Kinds::NULL), |text| (text, Kinds::NONE));
        let items = text.strip_prefix("list<").and_then(|rest| rest.strip_suffix('>'));
        match items {
            Some(items) => {
                Self { kinds: Kinds::LIST | null, items: kinds(items).unwrap_or(Kinds::ALL) }
            }
            None => Self { kinds: kinds(text).unwrap_or(Kinds::ALL) | null, items: Kinds::ALL },
        }
    }
}
