//! The table of FEEL's own functions, sorted by name.

use std::sync::LazyLock;

use super::{
    Builtin, contexts, conversion, lists, misc, moments, numbers, ranges, statistics, strings,
};

/// One row: its name, its lists of parameters, what it gives, the function.
///
/// A list of parameters is text: `name: type` with commas between, `?` behind the name of one that
/// may be left out, `...` behind one that takes any number; `=` before a list that only serves
/// arguments by name. An argument of another type makes null; so a type names all that does not.
/// `a|b` is either, `any` everything, `list` everything but null, `list<a>` a list of such items or
/// one item, `filled list<a>` if an empty one makes null, `comparable` what has an order with the other arguments of that type, and of
/// `some boolean` one is enough. What a function gives may be null too, unless `!` is behind it.
type Row = (&'static str, &'static [&'static str], &'static str, super::Run);

const fn builtin(
    name: &'static str,
    forms: &'static [&'static str],
    gives: &'static str,
    run: super::Run,
) -> Row {
    (name, forms, gives, run)
}

pub(crate) static ALL: LazyLock<Vec<Builtin>> = LazyLock::new(|| {
    ROWS.iter().map(|(name, forms, gives, run)| Builtin::new(name, forms, gives, *run)).collect()
});

static ROWS: &[Row] = &[
    builtin(
        "abs",
        &["n: number|days and time duration|years and months duration"],
        "number|days and time duration|years and months duration",
        numbers::abs,
    ),
    builtin(
        "after",
        &[
            "point1: comparable, point2: comparable",
            "range1: range<comparable>, range2: range<comparable>",
            "point: comparable, range: range<comparable>",
            "range: range<comparable>, point: comparable",
        ],
        "boolean",
        ranges::after,
    ),
    builtin("all", &["list: list<some boolean>", "b...: some boolean"], "boolean", statistics::all),
    builtin("and", &["list: list<some boolean>", "b...: some boolean"], "boolean", statistics::all),
    builtin("any", &["list: list<some boolean>", "b...: some boolean"], "boolean", statistics::any),
    builtin(
        "append",
        &["list: list, item...: any", "list: list, items...: any"],
        "list",
        lists::append,
    ),
    builtin("assert", &["value: any, condition: boolean, cause?: any"], "any", misc::assert),
    builtin("base64 decode", &["value: string"], "string", conversion::from_base64),
    builtin("base64 encode", &["value: string"], "string", conversion::to_base64),
    builtin(
        "before",
        &[
            "point1: comparable, point2: comparable",
            "range1: range<comparable>, range2: range<comparable>",
            "point: comparable, range: range<comparable>",
            "range: range<comparable>, point: comparable",
        ],
        "boolean",
        ranges::before,
    ),
    builtin("ceiling", &["n: number, scale?: number"], "number", numbers::ceiling),
    builtin(
        "coincides",
        &[
            "point1: comparable, point2: comparable",
            "range1: range<comparable>, range2: range<comparable>",
        ],
        "boolean",
        ranges::coincides,
    ),
    builtin("concatenate", &["list...: list", "lists...: list"], "list", lists::concatenate),
    builtin("contains", &["string: string, match: string"], "boolean", strings::contains),
    builtin("context", &["entries: list<context>"], "context", contexts::context),
    builtin(
        "context merge",
        &["contexts: list<context>", "context...: context"],
        "context",
        contexts::context_merge,
    ),
    builtin(
        "context put",
        &[
            "context: context, key: string, value: any",
            "context: context, keys: list<string>, value: any",
        ],
        "context",
        contexts::context_put,
    ),
    builtin("count", &["list: list", "c...: any"], "number", lists::count),
    builtin(
        "date",
        &["from: string|date|date and time", "year: number, month: number, day: number"],
        "date",
        moments::date,
    ),
    builtin(
        "date and time",
        &[
            "from: string|date|date and time",
            "date: date|date and time, time: time",
            "date: date and time, timezone: string",
            "year: number, month: number, day: number, hour: number, minute: number, second: number, offset?: days and time duration|null",
            "year: number, month: number, day: number, hour: number, minute: number, second: number, timezone?: string|null",
        ],
        "date and time",
        moments::date_and_time,
    ),
    builtin("day of week", &["date: date|date and time"], "string", moments::day_of_week),
    builtin("day of year", &["date: date|date and time"], "number", moments::day_of_year),
    builtin("decimal", &["n: number, scale: number"], "number", numbers::decimal),
    builtin("distinct values", &["list: list"], "list", lists::distinct_values),
    builtin("duplicate values", &["list: list"], "list", lists::duplicate_values),
    builtin(
        "duration",
        &["from: string|days and time duration|years and months duration"],
        "days and time duration|years and months duration",
        conversion::duration,
    ),
    builtin(
        "during",
        &[
            "range1: range<comparable>, range2: range<comparable>",
            "point: comparable, range: range<comparable>",
        ],
        "boolean",
        ranges::during,
    ),
    builtin("ends with", &["string: string, match: string"], "boolean", strings::ends_with),
    builtin("even", &["number: number"], "boolean", numbers::even),
    builtin("exp", &["number: number"], "number", numbers::exp),
    builtin("extract", &["string: string, pattern: string"], "list<string>", strings::extract),
    builtin(
        "finished by",
        &[
            "range1: range<comparable>, range2: range<comparable>",
            "range: range, point: comparable",
        ],
        "boolean",
        ranges::finished_by,
    ),
    builtin(
        "finishes",
        &[
            "range1: range<comparable>, range2: range<comparable>",
            "point: comparable, range: range",
        ],
        "boolean",
        ranges::finishes,
    ),
    builtin("flatten", &["list: list"], "list", lists::flatten),
    builtin("floor", &["n: number, scale?: number"], "number", numbers::floor),
    builtin("from base64", &["value: string"], "string", conversion::from_base64),
    builtin("from json", &["value: string"], "any", conversion::from_json),
    builtin(
        "fromAi",
        &["value: any, description?: any, type?: any, schema?: any, options?: any"],
        "any",
        misc::from_ai,
    ),
    builtin(
        "get entries",
        &["m: context", "context: context"],
        "list<context>",
        contexts::get_entries,
    ),
    builtin("get or else", &["value: any, default: any"], "any", misc::get_or_else),
    builtin(
        "get value",
        &[
            "m: context, key: string",
            "context: context, key: string",
            "context: context, keys: list<string>",
        ],
        "any",
        contexts::get_value,
    ),
    builtin(
        "includes",
        &[
            "range1: range<comparable>, range2: range<comparable>",
            "range: range<comparable>, point: comparable",
        ],
        "boolean",
        ranges::includes,
    ),
    builtin("index of", &["list: list, match: any"], "list<number>", lists::index_of),
    builtin(
        "insert before",
        &["list: list, position: number, newItem: any"],
        "list",
        lists::insert_before,
    ),
    builtin(
        "is",
        &["value1: any, value2: any", "=value1?: any, value2?: any"],
        "boolean!",
        lists::is,
    ),
    builtin("is blank", &["string: string"], "boolean", strings::is_blank),
    builtin("is defined", &["value: any"], "boolean!", misc::is_defined),
    builtin("is empty", &["list: list"], "boolean", lists::is_empty),
    builtin("last day of month", &["date: date|date and time"], "date", moments::last_day_of_month),
    builtin("list contains", &["list: list, element: any"], "boolean", lists::list_contains),
    builtin(
        "list replace",
        &[
            "list: list, position: number, newItem: any",
            "list: list, match: function, newItem: any",
        ],
        "list",
        lists::list_replace,
    ),
    builtin("log", &["number: number"], "number", numbers::log),
    builtin("lower case", &["string: string"], "string", strings::lower_case),
    builtin(
        "matches",
        &["input: string, pattern: string, flags?: string|null"],
        "boolean",
        strings::matches,
    ),
    builtin(
        "max",
        &["list: filled list<comparable>", "c...: comparable"],
        "number|string|date|time|date and time|days and time duration|years and months duration",
        statistics::max,
    ),
    builtin("mean", &["list: filled list<number>", "n...: number"], "number", statistics::mean),
    builtin("median", &["list: filled list<number>", "n...: number"], "number", statistics::median),
    builtin("meets", &["range1: range, range2: range"], "boolean", ranges::meets),
    builtin("met by", &["range1: range, range2: range"], "boolean", ranges::met_by),
    builtin(
        "min",
        &["list: filled list<comparable>", "c...: comparable"],
        "number|string|date|time|date and time|days and time duration|years and months duration",
        statistics::min,
    ),
    builtin("mode", &["list: list<number>", "n...: number"], "list<number>", statistics::mode),
    builtin("modulo", &["dividend: number, divisor: number"], "number", numbers::modulo),
    builtin("month of year", &["date: date|date and time"], "string", moments::month_of_year),
    builtin("not", &["negand: boolean"], "boolean", misc::not),
    builtin("now", &[""], "date and time!", moments::now),
    builtin(
        "number",
        &[
            "from: string|number",
            "from: string, grouping separator: string|null, decimal separator: string|null",
        ],
        "number",
        conversion::number,
    ),
    builtin("odd", &["number: number"], "boolean", numbers::odd),
    builtin("or", &["list: list<some boolean>", "b...: some boolean"], "boolean", statistics::any),
    builtin(
        "overlaps",
        &["range1: range<comparable>, range2: range<comparable>"],
        "boolean",
        ranges::overlaps,
    ),
    builtin(
        "overlaps after",
        &["range1: range<comparable>, range2: range<comparable>"],
        "boolean",
        ranges::overlaps_after,
    ),
    builtin(
        "overlaps before",
        &["range1: range<comparable>, range2: range<comparable>"],
        "boolean",
        ranges::overlaps_before,
    ),
    builtin("partition", &["list: list, size: number"], "list<list>", lists::partition),
    builtin(
        "product",
        &["list: filled list<number>", "n...: number"],
        "number",
        statistics::product,
    ),
    builtin("random number", &[""], "number", numbers::random_number),
    builtin("range", &["from: string"], "range", conversion::range),
    builtin("remove", &["list: list, position: number"], "list", lists::remove),
    builtin(
        "replace",
        &["input: string, pattern: string, replacement: string, flags?: string|null"],
        "string",
        strings::replace,
    ),
    builtin("reverse", &["list: list"], "list", lists::reverse),
    builtin("round down", &["n: number, scale: number"], "number", numbers::round_down),
    builtin("round half down", &["n: number, scale: number"], "number", numbers::round_half_down),
    builtin("round half up", &["n: number, scale: number"], "number", numbers::round_half_up),
    builtin("round up", &["n: number, scale: number"], "number", numbers::round_up),
    builtin("sort", &["list: list, precedes?: function"], "list", lists::sort),
    builtin("split", &["string: string, delimiter: string"], "list<string>", strings::split),
    builtin("sqrt", &["number: number"], "number", numbers::sqrt),
    builtin(
        "started by",
        &[
            "range1: range<comparable>, range2: range<comparable>",
            "range: range, point: comparable",
        ],
        "boolean",
        ranges::started_by,
    ),
    builtin(
        "starts",
        &[
            "range1: range<comparable>, range2: range<comparable>",
            "point: comparable, range: range",
        ],
        "boolean",
        ranges::starts,
    ),
    builtin("starts with", &["string: string, match: string"], "boolean", strings::starts_with),
    builtin("stddev", &["list: filled list<number>", "n...: number"], "number", statistics::stddev),
    builtin("string", &["from: any"], "string", conversion::string),
    builtin(
        "string format",
        &["template: string, values...: any"],
        "string",
        strings::string_format,
    ),
    builtin(
        "string join",
        &[
            "list: list<string|null>, delimiter?: string|null, prefix?: string|null, suffix?: string|null",
        ],
        "string",
        strings::string_join,
    ),
    builtin("string length", &["string: string"], "number", strings::string_length),
    builtin(
        "sublist",
        &["list: list, start position: number, length?: number"],
        "list",
        lists::sublist,
    ),
    builtin(
        "substring",
        &["string: string, start position: number, length?: number"],
        "string",
        strings::substring,
    ),
    builtin(
        "substring after",
        &["string: string, match: string"],
        "string",
        strings::substring_after,
    ),
    builtin(
        "substring before",
        &["string: string, match: string"],
        "string",
        strings::substring_before,
    ),
    builtin("sum", &["list: filled list<number>", "n...: number"], "number", statistics::sum),
    builtin(
        "time",
        &[
            "from: string|time|date|date and time",
            "hour: number, minute: number, second: number, offset?: days and time duration|null",
        ],
        "time",
        moments::time,
    ),
    builtin("to base64", &["value: string"], "string", conversion::to_base64),
    builtin("to json", &["value: any"], "string", conversion::to_json),
    builtin("today", &[""], "date!", moments::today),
    builtin("trim", &["string: string"], "string", strings::trim),
    builtin("union", &["list...: list", "lists...: list"], "list", lists::union),
    builtin("upper case", &["string: string"], "string", strings::upper_case),
    builtin("uuid", &[""], "string!", misc::uuid),
    builtin("week of year", &["date: date|date and time"], "number", moments::week_of_year),
    builtin(
        "years and months duration",
        &["from: date|date and time, to: date|date and time"],
        "years and months duration",
        moments::years_and_months_duration,
    ),
];

#[cfg(test)]
mod tests {
    use super::super::signature::kinds;
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_a_search_finds_every_name() {
        assert!(ALL.windows(2).all(|pair| pair[0].name < pair[1].name));
    }

    #[test]
    fn every_type_of_the_table_is_known() {
        let known = |text: &str| {
            let inner = text.split_once('<').map_or(text, |(_, rest)| rest.trim_end_matches('>'));
            kinds(inner.trim_start_matches("some ")).is_some()
        };
        for (name, forms, gives, _) in ROWS {
            assert!(known(gives.trim_end_matches('!')), "{name} gives {gives}");
            let parameters = forms.iter().flat_map(|form| form.split(", "));
            for parameter in parameters.filter(|parameter| !parameter.is_empty()) {
                let (_, of) = parameter.split_once(": ").expect(parameter);
                assert!(known(of), "{name}: {of}");
            }
        }
    }
}
