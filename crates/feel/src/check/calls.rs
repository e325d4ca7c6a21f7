//! Calls of FEEL's own functions: whether each argument can be what its parameter takes.

use super::Checker;
use super::known::Known;
use crate::code::{BuiltinCall, Code};
use crate::functions::Form;
use crate::kinds::{Kinds, either};

/// Why a list of parameters cannot take the arguments.
struct Misfit {
    at: usize,
    /// It conforms to its parameter, but not to what came before.
    against: Option<Kinds>,
}

impl<'a> Checker<'a> {
    pub(super) fn builtin(&mut self, call: &'a BuiltinCall) -> Known<'a> {
        let builtin = call.builtin;
        let known: Vec<Known<'a>> = call.arguments.iter().map(|code| self.code(code)).collect();
        if known.iter().any(|one| one.kinds != Kinds::ALL)
            && let Some((misfits, misfit)) = refused(&builtin.forms, &known)
        {
            self.misfit(call, &known[misfit.at], &call.arguments[misfit.at], &misfits, &misfit);
        }
        Known::given(builtin.gives)
    }

    fn misfit(
        &mut self,
        call: &'a BuiltinCall,
        found: &Known<'a>,
        argument: &'a Code,
        forms: &[&Form],
        misfit: &Misfit,
    ) {
        let name = call.builtin.name;
        let found_text = found.described();
        if let Some(before) = misfit.against {
            let message = format!(
                "`{name}` cannot compare {found_text} with {}; the result is null",
                before.described()
            );
            return self.warn(argument.span, message, None);
        }
        let mut wanted: Vec<String> = Vec::new();
        let mut kinds = Kinds::NONE;
        for form in forms {
            let place = form.place(misfit.at);
            let parameter = &form.parameters[place];
            let text = format!("{} as `{}`", parameter.described(), form.names[place]);
            kinds = kinds | parameter.kinds;
            if !wanted.contains(&text) {
                wanted.push(text);
            }
        }
        let wanted = either(wanted.into_iter());
        let help = match found.kinds.without(Kinds::NULL) {
            Kinds::STRING => super::made_of_text(kinds.without(Kinds::LIST)),
            found if !found.has(Kinds::LIST) && !found.is_none() && kinds == Kinds::STRING => {
                Some("`string(...)` makes a string of it")
            }
            _ => None,
        };
        let message = format!("`{name}` expects {wanted}, but found {found_text}");
        self.warn(argument.span, message, help.map(str::to_owned));
    }
}

/// The lists of parameters that come nearest to taking the arguments, and where they do not; `None`
/// if one takes them all.
fn refused<'f>(forms: &'f [Form], arguments: &[Known<'_>]) -> Option<(Vec<&'f Form>, Misfit)> {
    let fitting = |open: bool| {
        let takes = move |form: &&Form| form.takes(arguments.len()) && form.variadic == open;
        forms.iter().filter(takes)
    };
    // Any number of arguments is meant where no other list takes this many.
    let open = fitting(false).next().is_none();
    let mut nearest: Option<(Vec<&Form>, Misfit)> = None;
    for form in fitting(open) {
        let misfit = misfit(form, arguments)?;
        match &mut nearest {
            Some((_, reached)) if reached.at > misfit.at => {}
            Some((forms, reached)) if reached.at == misfit.at => {
                forms.push(form);
                if misfit.against.is_some() {
                    *reached = misfit;
                }
            }
            _ => nearest = Some((vec![form], misfit)),
        }
    }
    nearest
}

fn misfit(form: &Form, arguments: &[Known<'_>]) -> Option<Misfit> {
    let mut compared: Option<Kinds> = None;
    let mut none_of = None;
    for (at, known) in arguments.iter().enumerate() {
        let wanted = &form.parameters[form.place(at)];
        let fits = known.may_be(wanted, form.is_open(at));
        if wanted.some {
            if fits {
                return None;
            }
            none_of.get_or_insert(at);
            continue;
        }
        if !fits {
            return Some(Misfit { at, against: None });
        }
        if wanted.comparable {
            let kinds = points(known);
            if let Some(before) = compared
                && !before.orderable().has(kinds)
            {
                return Some(Misfit { at, against: Some(before) });
            }
            let before = compared.unwrap_or(Kinds::ORDERED);
            compared = Some(before & kinds.orderable());
        }
    }
    none_of.map(|at| Misfit { at, against: None })
}

/// The kinds of what is compared: itself, the ends of a range, the item of a list of one.
fn points(known: &Known<'_>) -> Kinds {
    let mut kinds = known.kinds & Kinds::ORDERED;
    if known.kinds.has(Kinds::RANGE) {
        kinds = kinds | known.items;
    }
    if known.kinds.has(Kinds::LIST) {
        let single = known.single;
        kinds = if single.has(Kinds::RANGE | Kinds::LIST) { Kinds::ALL } else { kinds | single };
    }
    kinds & Kinds::ORDERED
}
