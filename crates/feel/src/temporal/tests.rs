//! What holds for all values: from the cases of the compatibility kit that involve zones, and
//! from a small generator with fixed seeds.

use std::cmp::Ordering;
use std::mem::size_of;

use super::{
    DAY_NANOS, DAY_SECONDS, Date, DateTime, DayTime, SECOND_NANOS, Time, YEAR_MAX, YearMonth, Zone,
};

const ROUNDS: u32 = 4000;
const ZONES: [&str; 8] = [
    "Europe/Paris",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Europe/Dublin",
    "Etc/UTC",
];

/// Marsaglia's xorshift; the same numbers in every run.
struct Generator(u64);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From `low` to `high`, both included.
    fn within(&mut self, low: i64, high: i64) -> i64 {
        let width = i128::from(high) - i128::from(low) + 1;
        i64::try_from(i128::from(low) + i128::from(self.next()) % width).expect("within")
    }

    /// Often of our time, sometimes of any.
    fn date(&mut self) -> Date {
        let years = if self.within(0, 2) == 0 { YEAR_MAX } else { 3000 };
        loop {
            let (year, month) = (self.within(-years, years), self.within(1, 12));
            if let Some(date) = Date::new(year, month, self.within(28, 31)) {
                return date;
            }
        }
    }

    fn zone(&mut self) -> Option<Zone> {
        match self.within(0, 3) {
            0 => None,
            1 => Zone::from_offset(self.within(-64_800, 64_800)),
            2 => Zone::from_offset(self.within(-18, 18) * 3600),
            _ => {
                let name = ZONES[usize::try_from(self.within(0, 7)).expect("small")];
                Zone::parse(&format!("@{name}"))
            }
        }
    }

    fn time(&mut self) -> Time {
        let unit =
            [1, 1000, 1_000_000, SECOND_NANOS][usize::try_from(self.within(0, 3)).expect("small")];
        let nanos = self.within(0, DAY_NANOS - 1) / unit * unit;
        Time::from_nanos_of_day(nanos, self.zone())
    }

    fn date_time(&mut self) -> DateTime {
        DateTime::new(self.date(), self.time())
    }

    fn day_time(&mut self) -> DayTime {
        let bits = self.within(0, 80);
        let nanos = (i128::from(self.next()) << 20) ^ i128::from(self.next());
        let nanos = nanos % (1_i128 << bits);
        DayTime::from_nanos(if self.within(0, 1) == 0 { nanos } else { -nanos }).expect("in range")
    }
}

fn at(text: &str) -> DateTime {
    DateTime::parse(text).expect(text)
}

fn plus(text: &str, by: &str) -> String {
    at(text).plus(DayTime::parse(by).expect(by)).expect(by).to_string()
}

fn plus_months(text: &str, by: &str) -> String {
    at(text).plus_months(YearMonth::parse(by).expect(by)).expect(by).to_string()
}

#[test]
fn values_are_small() {
    assert!(size_of::<Date>() <= 8 && size_of::<Time>() <= 24 && size_of::<DayTime>() <= 16);
    assert!(size_of::<Option<Time>>() <= 24 && size_of::<Zone>() <= 16);
    assert!(size_of::<DateTime>() <= 40 && size_of::<YearMonth>() <= 8);
}

#[test]
fn date_times_of_the_kit_are_read_and_written() {
    for (text, printed) in [
        ("2012-12-24", "2012-12-24T00:00:00"),
        ("99999-12-31T11:22:33", "99999-12-31T11:22:33"),
        ("2017-12-31T11:22:33.567Z", "2017-12-31T11:22:33.567Z"),
        ("2017-12-31T11:22:33-01:35", "2017-12-31T11:22:33-01:35"),
        ("2011-12-31T10:15:30@Etc/UTC", "2011-12-31T10:15:30@Etc/UTC"),
        ("2011-12-31T10:15:30.987@Europe/Paris", "2011-12-31T10:15:30.987@Europe/Paris"),
        (
            "999999999-12-31T23:59:59.999999999@Europe/Paris",
            "999999999-12-31T23:59:59.999999999@Europe/Paris",
        ),
        ("-999999999-12-31T23:59:59.999999999+02:00", "-999999999-12-31T23:59:59.999999999+02:00"),
        ("2021-01-01T24:00:00", "2021-01-02T00:00:00"),
        ("2021-01-01T24:00:00@Asia/Tokyo", "2021-01-02T00:00:00@Asia/Tokyo"),
    ] {
        assert_eq!(at(text).to_string(), printed, "{text}");
    }
    for bad in [
        "",
        "T",
        "11:00:00",
        "2017-12-31T",
        "T11:00:00",
        "2017-12-31T24:00:01",
        "2017-12-31T7:20",
        "2011-12-03T10:15:30+01:00@Europe/Paris",
        "9999999999-12-27T11:22:33",
        "2017-13-10T11:22:33",
        "998-12-31T11:22:33",
        "01211-12-31T11:22:33",
        "+99999-12-01T11:22:33",
        "2017-12-31T07:01:2",
        "2017-12-31T13:20:00+19:00",
        "2017-12-31T13:20:00+05:0",
        "2017-12-31T13:20:00+5",
        "2017-12-31t11:22:33",
        "999999999-12-31T24:00:00",
        "2017-12-31 11:22:33",
        "2017-12-31TT11:22:33",
    ] {
        assert!(DateTime::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn equality_is_of_instants_and_is_looks_closer() {
    let equal = |a: &str, b: &str| at(a).compare(&at(b)).map(Ordering::is_eq);
    for (a, b) in [
        ("2018-10-08T00:00:00+02:00", "2018-10-08T00:00:00@Europe/Paris"),
        ("2018-02-08T00:00:00+01:00", "2018-02-08T00:00:00@Europe/Paris"),
        ("2018-12-08T00:00:00+00:00", "2018-12-08T00:00:00@Etc/UTC"),
        ("2002-04-02T12:00:00-01:00", "2002-04-02T17:00:00+04:00"),
        ("2002-04-02T23:00:00-04:00", "2002-04-03T02:00:00-01:00"),
        ("2002-04-02T12:00:00@Australia/Melbourne", "2002-04-02T12:00:00@Australia/Sydney"),
    ] {
        assert_eq!(equal(a, b), Some(true), "{a} {b}");
        assert!(!at(a).is_same(&at(b)), "{a} {b}");
    }
    assert_eq!(equal("2018-12-08", "2018-12-08T00:00:00"), Some(true));
    assert!(at("2018-12-08").is_same(&at("2018-12-08T00:00:00")));
    let dhaka = "2018-12-08T00:00:00@Asia/Dhaka";
    assert_eq!(equal("2018-12-08T00:00:00@Europe/Paris", dhaka), Some(false));
    assert_eq!(equal("2018-12-08T00:00:00", dhaka), None);
    assert!(at(dhaka).is_same(&at(dhaka)));
    let melbourne = "2021-04-02T23:00:00@Australia/Melbourne";
    assert!(!at(melbourne).is_same(&at("2021-04-02T23:00:00+11:00")));
    assert!(!at("2012-12-25T00:00:00").is_same(&at("2012-12-25T00:00:00Z")));
}

#[test]
fn the_kits_arithmetic_with_days_and_time() {
    for (from, by, to) in [
        ("2021-01-12T10:10:10+11:00", "P1DT1H", "2021-01-13T11:10:10+11:00"),
        ("2021-01-01T10:10:10", "-P1D", "2020-12-31T10:10:10"),
        ("2021-01-01T24:00:00", "PT1S", "2021-01-02T00:00:01"),
        ("2021-01-01T24:00:00", "-PT1S", "2021-01-01T23:59:59"),
        (
            "2021-01-12T10:10:10@Australia/Melbourne",
            "P1DT1H",
            "2021-01-13T11:10:10@Australia/Melbourne",
        ),
        ("-2021-01-01T10:10:10+11:00", "-P1D", "-2022-12-31T10:10:10+11:00"),
        (
            "-2021-01-01T10:10:10@Australia/Melbourne",
            "-PT1H",
            "-2021-01-01T09:10:10@Australia/Melbourne",
        ),
    ] {
        assert_eq!(plus(from, by), to, "{from} {by}");
    }
    let minus = |a: &str, b: &str| at(a).minus(&at(b)).map(|by| by.to_string());
    for (a, b, by) in [
        ("2021-01-02T10:10:10", "2021-01-01T10:10:10", "P1D"),
        ("2021-01-02T10:10:10+01:00", "2021-01-01T10:10:10@Europe/Paris", "P1D"),
        ("2021-01-02T10:10:10@Europe/Paris", "1995-01-01T10:10:10@Asia/Dhaka", "P9498DT5H"),
    ] {
        assert_eq!(minus(a, b).as_deref(), Some(by), "{a} {b}");
    }
    assert_eq!(minus("2021-01-02T10:10:10", "2021-01-01T10:10:10@Europe/Paris"), None);
    assert_eq!(minus("2021-01-02T10:10:10+02:00", "2021-01-01T10:10:10"), None);
    // A date beside a date and time is its midnight in UTC.
    let day = |text: &str| DateTime::from(Date::parse(text).expect(text));
    let since = at("2021-01-02T10:10:10@Europe/Paris").minus(&day("2021-01-01"));
    assert_eq!(since.map(|by| by.to_string()).as_deref(), Some("P1DT9H10M10S"));
    let until = day("2021-01-02").minus(&at("2021-01-01T10:10:10@Australia/Melbourne"));
    assert_eq!(until.map(|by| by.to_string()).as_deref(), Some("P1DT49M50S"));
    assert!(at("2021-01-01T00:00:00").minus(&day("2021-01-02")).is_none());
}

#[test]
fn the_kits_arithmetic_with_years_and_months() {
    for (from, by, to) in [
        ("2021-01-01T10:10:10", "P1Y", "2022-01-01T10:10:10"),
        ("2021-01-01T10:10:10+11:00", "-P1M", "2020-12-01T10:10:10+11:00"),
        ("-2021-01-01T10:10:10+11:00", "P1Y", "-2020-01-01T10:10:10+11:00"),
        (
            "-2021-01-01T10:10:10@Australia/Melbourne",
            "-P1M",
            "-2022-12-01T10:10:10@Australia/Melbourne",
        ),
        ("2024-01-31T10:00:00", "P1M", "2024-02-29T10:00:00"),
        ("2021-02-28T02:30:00@Europe/Paris", "P1M", "2021-03-28T03:30:00@Europe/Paris"),
    ] {
        assert_eq!(plus_months(from, by), to, "{from} {by}");
    }
    let last = at("999999999-12-01T00:00:00");
    assert!(last.plus_months(YearMonth::parse("P1M").expect("a month")).is_none());
    assert!(last.plus(DayTime::parse("P31D").expect("a month")).is_none());
}

#[test]
fn a_skipped_wall_time_moves_forward_by_the_gap() {
    for (text, landed, offset) in [
        ("2021-03-28T02:30:00@Europe/Paris", "2021-03-28T03:30:00@Europe/Paris", 7200),
        ("2021-03-14T02:00:00@America/New_York", "2021-03-14T03:00:00@America/New_York", -14_400),
        (
            "2021-10-03T02:15:00@Australia/Lord_Howe",
            "2021-10-03T02:45:00@Australia/Lord_Howe",
            39_600,
        ),
        ("2011-12-30T12:00:00@Pacific/Apia", "2011-12-31T12:00:00@Pacific/Apia", 50_400),
        ("2021-03-28T02:30:00@Asia/Kolkata", "2021-03-28T02:30:00@Asia/Kolkata", 19_800),
        // In the year 400,002,021 the calendar is that of 2021, and so are the rules.
        ("400002021-03-28T02:30:00@Europe/Paris", "400002021-03-28T03:30:00@Europe/Paris", 7200),
    ] {
        assert_eq!(at(text).to_string(), landed, "{text}");
        assert_eq!(at(text).offset_seconds(), Some(offset), "{text}");
    }
}

#[test]
fn of_two_equal_hours_a_text_means_the_first_and_an_hour_later_is_the_second() {
    for (text, step, before, after) in [
        ("2021-10-31T02:30:00@Europe/Paris", "PT1H", 7200, 3600),
        ("2021-11-07T01:30:00@America/New_York", "PT1H", -14_400, -18_000),
        ("2021-04-04T01:45:00@Australia/Lord_Howe", "PT30M", 39_600, 37_800),
        ("400002021-10-31T02:30:00@Europe/Paris", "PT1H", 7200, 3600),
    ] {
        let (first, step) = (at(text), DayTime::parse(step).expect(step));
        let second = first.plus(step).expect(text);
        assert_eq!(first.offset_seconds(), Some(before), "{text}");
        assert_eq!(second.offset_seconds(), Some(after), "{text}");
        assert_eq!(second.to_string(), text);
        assert_eq!(second.minus(&first), Some(step));
        assert!(!second.is_same(&first) && first.compare(&second) == Some(Ordering::Less));
    }
}

#[test]
fn a_day_is_24_hours_across_a_change_of_the_clocks() {
    assert_eq!(plus("2021-03-27T12:00:00@Europe/Paris", "P1D"), "2021-03-28T13:00:00@Europe/Paris");
    assert_eq!(
        plus("2021-11-06T12:00:00@America/New_York", "P1D"),
        "2021-11-07T11:00:00@America/New_York"
    );
    assert_eq!(
        plus("2021-04-03T12:00:00@Australia/Lord_Howe", "P1D"),
        "2021-04-04T11:30:00@Australia/Lord_Howe"
    );
    assert_eq!(plus("2021-03-27T12:00:00@Asia/Kolkata", "P1D"), "2021-03-28T12:00:00@Asia/Kolkata");
    // Months move the wall time, not the instant.
    assert_eq!(
        plus_months("2021-02-28T12:00:00@Europe/Paris", "P1M"),
        "2021-03-28T12:00:00@Europe/Paris"
    );
}

#[test]
fn milliseconds_are_instants() {
    assert_eq!(DateTime::from_epoch_ms(0).to_string(), "1970-01-01T00:00:00Z");
    assert_eq!(DateTime::from_epoch_ms(-1).to_string(), "1969-12-31T23:59:59.999Z");
    assert_eq!(at("2021-01-01T01:00:00@Europe/Paris").epoch_ms(), 1_609_459_200_000);
    assert_eq!(at("2021-01-01T00:00:00").epoch_ms(), 1_609_459_200_000);
    for ms in [i64::MIN, -1, 0, 1_609_459_200_123, i64::MAX] {
        assert_eq!(DateTime::from_epoch_ms(ms).epoch_ms(), ms);
    }
    assert_eq!(at("999999999-12-31T00:00:00").epoch_ms(), i64::MAX);
    assert_eq!(at("-999999999-12-31T00:00:00").epoch_ms(), i64::MIN);
    let tokyo = at("2021-01-01T00:00:00Z").in_zone(Zone::parse("@Asia/Tokyo").expect("Tokyo"));
    assert_eq!(tokyo.expect("in range").to_string(), "2021-01-01T09:00:00@Asia/Tokyo");
    let last = at("999999999-12-31T23:00:00Z");
    assert!(last.in_zone(Zone::Offset(3600)).is_none());
}

#[test]
fn any_value_reads_as_it_is_written() {
    let mut any = Generator(0x5eed);
    for _ in 0..ROUNDS {
        let (date, time, moment) = (any.date(), any.time(), any.date_time());
        assert_eq!(Date::parse(&date.to_string()), Some(date));
        assert!(Time::parse(&time.to_string()).expect("a time").is_same(&time), "{time}");
        assert!(at(&moment.to_string()).is_same(&moment), "{moment}");
        let exact = any.day_time();
        assert_eq!(DayTime::parse(&exact.to_string()), Some(exact));
        let bits = any.within(1, 62);
        let months = any.within(-(1 << bits), 1 << bits);
        let months = YearMonth::from_months(months).expect("months");
        assert_eq!(YearMonth::parse(&months.to_string()), Some(months));
    }
}

#[test]
fn days_and_dates_are_each_others_inverse() {
    let mut any = Generator(0xda7e);
    let (first, last) = (Date::new(-YEAR_MAX, 1, 1), Date::new(YEAR_MAX, 12, 31));
    let (first, last) = (first.expect("first").days(), last.expect("last").days());
    assert_eq!((Date::from_days(first - 1), Date::from_days(last + 1)), (None, None));
    assert_eq!((Date::from_days(i64::MIN), Date::from_days(i64::MAX)), (None, None));
    let mut check = |days: i64| {
        let date = Date::from_days(days).expect("a day");
        assert_eq!(date.days(), days);
        if let Some(next) = date.plus_days(1) {
            assert!(next > date && next.weekday() == date.weekday() % 7 + 1, "{date}");
            assert!(date.day() == date.last_day_of_month() || next.day() == date.day() + 1);
            assert!(date.day() < date.last_day_of_month() || next.day() == 1);
            assert!(next.day_of_year() == date.day_of_year() + 1 || next.day_of_year() == 1);
        }
        assert!((1..=53).contains(&date.week_of_year()));
    };
    // Every day of eight centuries around the epoch and of each end, then any.
    (-146_097..146_097).for_each(&mut check);
    (first..first + 1000).for_each(&mut check);
    (last - 1000..=last).for_each(&mut check);
    (0..ROUNDS).for_each(|_| check(any.within(first, last)));
    assert_eq!(Date::from_days(0), Some(Date::EPOCH));
}

#[test]
fn months_clamp_to_the_end_of_the_month_only() {
    let mut any = Generator(0xc1a3);
    for _ in 0..ROUNDS {
        let (date, months) = (any.date(), any.within(-50_000, 50_000));
        let Some(later) = date.plus_months(months) else { continue };
        assert_eq!(later.day(), date.day().min(later.last_day_of_month()), "{date} {months}");
        let moved = |date: Date| i64::from(date.year()) * 12 + i64::from(date.month());
        assert_eq!(moved(later) - moved(date), months);
        let between = YearMonth::between(date, later).total_months();
        let clamped = later.day() < date.day() && months > 0;
        assert_eq!(between, months - i64::from(clamped), "{date} {months}");
    }
    assert_eq!(Date::EPOCH.plus_months(i64::MAX), None);
    assert_eq!(Date::EPOCH.plus_months(i64::MIN), None);
}

#[test]
fn moments_and_durations_agree() {
    let mut any = Generator(0x10c1);
    for _ in 0..ROUNDS {
        let (a, b) = (any.date_time(), any.date_time());
        let back = DateTime::from_epoch_nanos(a.epoch_nanos(), a.zone().cloned());
        // Where a zone has two equal hours the text means the first, and so does the instant.
        assert!(back.is_none_or(|back| back.is_same(&a)), "{a}");
        if let Some(apart) = a.minus(&b) {
            let reached = b.plus(apart).and_then(|at| at.compare(&a));
            assert!(reached.is_none_or(Ordering::is_eq), "{a} {b}");
            assert_eq!(a.compare(&b), Some(apart.cmp(&DayTime::ZERO)));
            assert_eq!(b.minus(&a), Some(apart.negated()));
        }
        let (x, y) = (any.day_time(), any.day_time());
        let sum = x.plus(y).expect("far from the bounds");
        assert_eq!(sum.minus(y), Some(x));
        assert_eq!(sum.times(3, 3), Some(sum));
        let parts = ((x.days() * 24 + x.hours()) * 60 + x.minutes()) * 60 + x.seconds();
        assert_eq!(parts, x.total_seconds());
    }
}

#[test]
fn wall_and_instant_agree_around_every_change_of_the_clocks() {
    for name in ZONES {
        let zone = Zone::parse(&format!("@{name}")).expect(name);
        let from = at("2009-01-01T00:00:00Z").epoch_nanos() / i128::from(SECOND_NANOS);
        let from = i64::try_from(from).expect("small");
        for seconds in (from..from + 4 * 366 * DAY_SECONDS).step_by(900) {
            let nanos = i128::from(seconds) * i128::from(SECOND_NANOS);
            let seen = DateTime::from_epoch_nanos(nanos, Some(zone.clone())).expect("in range");
            assert_eq!(seen.epoch_nanos(), nanos);
            let read = DateTime::new(seen.date(), seen.time().clone());
            let late = seen.epoch_nanos() - read.epoch_nanos();
            // Read back it is the same, or the first of two equal hours.
            assert!(late == 0 || seen.offset_seconds() < read.offset_seconds(), "{seen}");
            assert_eq!(read.to_string(), seen.to_string());
        }
    }
}
