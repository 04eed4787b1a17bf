//! The view of how the appliance is used.

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

use super::{
    dto::{
        CountBody, DayBody, EndpointBody, EventScansBody, HourBody, InsightsBody, ScansBody,
        UserScansBody,
    },
    service::Dashboard,
    sources::{EventScans, ScanFacts, UserScans},
};
use crate::{
    clock::Time,
    http::Problem,
    telemetry::{RouteTraffic, Traffic},
    user::QUARTER_SECONDS,
};

/// Today, and the days before it that are shown.
const DAYS: usize = 7;
/// People and events that are named.
const TOP: usize = 10;
const PEAK_HOURS: usize = 3;
const HOURS: usize = 24;

impl Dashboard {
    /// How the appliance is used. Counts rows, and remembers them for some seconds.
    ///
    /// # Errors
    /// When a database cannot be read.
    pub async fn insights(&self) -> Result<InsightsBody, Problem> {
        let (parts, now) = (&self.parts, self.parts.clock.now());
        let days = days_until(now.date_in(&parts.zone));
        let since = days.first().and_then(|first| begin_of(*first, &parts.zone)).unwrap_or(now);
        let attendance = &parts.sources.attendance;
        let scans = parts.scans.get_or_make(now, attendance.scans(since, TOP)).await?;
        let social = parts.sources.social_logs.by_status(since);
        let social = parts.social.get_or_make(now, social).await?;
        let outcomes = parts.sampler.metrics().scans();
        Ok(InsightsBody {
            timezone: parts.timezone.clone(),
            scans: scans.as_ref().as_ref().map(|scans| scans_body(scans, &days, &parts.zone)),
            scan_outcomes: counts(outcomes.into_iter()),
            open_events: attendance.open_events().await?,
            social_logs_by_status: social
                .as_ref()
                .as_ref()
                .map(|social| counts(social.iter().map(|(name, count)| (name.clone(), *count)))),
            endpoints: endpoints(&parts.sampler.routes()),
        })
    }
}

/// The last days up to and with `today`, oldest first.
fn days_until(today: Date) -> Vec<Date> {
    let back = (0..DAYS).rev().filter_map(|back| i64::try_from(back).ok());
    back.filter_map(|back| today.checked_sub(back.days()).ok()).collect()
}

fn begin_of(date: Date, zone: &TimeZone) -> Option<Time> {
    Some(date.to_zoned(zone.clone()).ok()?.timestamp().into())
}

fn scans_body(facts: &ScanFacts, days: &[Date], zone: &TimeZone) -> ScansBody {
    let mut by_day = vec![0; days.len()];
    let (mut today_by_hour, mut by_hour) = (vec![0; HOURS], vec![0; HOURS]);
    for (quarter, count) in &facts.by_quarter {
        let moment = Timestamp::from_second(quarter.saturating_mul(QUARTER_SECONDS));
        let Ok(local) = moment.map(|moment| zone.to_datetime(moment)) else { continue };
        let hour = usize::try_from(local.hour()).unwrap_or(0);
        let day = days.iter().position(|day| *day == local.date());
        let Some(day) = day else { continue };
        by_day.get_mut(day).into_iter().for_each(|day| *day += count);
        by_hour.get_mut(hour).into_iter().for_each(|hour| *hour += count);
        if day + 1 == days.len() {
            today_by_hour.get_mut(hour).into_iter().for_each(|hour| *hour += count);
        }
    }
    ScansBody {
        today: by_day.last().copied().unwrap_or(0),
        last_7_days: by_day.iter().sum(),
        peak_hours: peaks(&by_hour),
        today_by_hour,
        by_hour,
        by_day: days
            .iter()
            .zip(by_day)
            .map(|(date, scans)| DayBody { date: date.to_string(), scans })
            .collect(),
        people: facts.people,
        events: facts.events,
        most_active: facts.most_active.iter().cloned().map(Into::into).collect(),
        top_events: facts.top_events.iter().cloned().map(Into::into).collect(),
    }
}

/// The hours with the most scans, those that have any.
fn peaks(by_hour: &[u64]) -> Vec<HourBody> {
    let mut hours: Vec<_> = (0_u8..).zip(by_hour).filter(|(_, scans)| **scans > 0).collect();
    hours.sort_by_key(|(hour, scans)| (std::cmp::Reverse(**scans), *hour));
    let body = |(hour, scans): (u8, &u64)| HourBody { hour, scans: *scans };
    hours.into_iter().take(PEAK_HOURS).map(body).collect()
}

impl From<UserScans> for UserScansBody {
    fn from(UserScans { user_id, name, surname, scans }: UserScans) -> Self {
        Self { user_id, name, surname, scans }
    }
}

impl From<EventScans> for EventScansBody {
    fn from(EventScans { event_id, name, date, scans }: EventScans) -> Self {
        Self { event_id, name, date, scans }
    }
}

/// Words that clients may choose: only the most frequent ones are worth a line.
const MOST_WORDS: usize = 50;

/// The most frequent first.
fn counts(counts: impl Iterator<Item = (String, u64)>) -> Vec<CountBody> {
    let mut bodies: Vec<_> = counts.map(|(name, count)| CountBody { name, count }).collect();
    bodies.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    bodies.truncate(MOST_WORDS);
    bodies
}

fn endpoints(routes: &RouteTraffic) -> Vec<EndpointBody> {
    let none = Traffic::default();
    let mut bodies: Vec<_> = routes
        .since_start
        .0
        .iter()
        .map(|(route, traffic)| EndpointBody {
            method: route.method.clone(),
            endpoint: route.endpoint.clone(),
            service: route.service.clone(),
            since_start: traffic.into(),
            recent: routes.recent.0.get(route).unwrap_or(&none).into(),
        })
        .collect();
    bodies.sort_by_key(|body| std::cmp::Reverse(body.since_start.requests));
    bodies
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quarter(moment: &str) -> i64 {
        Time::parse_rfc3339(moment).unwrap().as_seconds() / QUARTER_SECONDS
    }

    #[test]
    fn scans_fall_into_the_days_and_hours_of_the_zone() {
        let zone = TimeZone::get("Europe/Rome").unwrap();
        let days = days_until(jiff::civil::date(2026, 11, 23));
        let by_quarter = [
            ("2026-11-16T22:59:00Z", 100), // a minute before the first of the seven days
            ("2026-11-16T23:00:00Z", 1),
            ("2026-11-22T07:45:00Z", 4),
            ("2026-11-22T23:30:00Z", 2), // already the 23rd in Rome
            ("2026-11-23T07:00:00Z", 8),
        ];
        let by_quarter = by_quarter.map(|(moment, count)| (quarter(moment), count)).into();
        let body = scans_body(&ScanFacts { by_quarter, ..Default::default() }, &days, &zone);
        assert_eq!((body.today, body.last_7_days), (10, 15));
        assert_eq!((body.today_by_hour[0], body.today_by_hour[8]), (2, 8));
        assert_eq!(body.by_hour[8], 12);
        assert_eq!((body.by_day[0].date.as_str(), body.by_day[0].scans), ("2026-11-17", 1));
        let peaks: Vec<_> = body.peak_hours.iter().map(|peak| (peak.hour, peak.scans)).collect();
        assert_eq!(peaks, [(8, 12), (0, 3)]);
    }

    #[test]
    fn the_seven_days_begin_at_midnight_of_the_zone_across_a_change_of_the_clocks() {
        let zone = TimeZone::get("Europe/Rome").unwrap();
        let days = days_until(jiff::civil::date(2026, 10, 27));
        let begin = begin_of(days[0], &zone).unwrap();
        assert_eq!(begin.to_string(), "2026-10-20T22:00:00.000Z");
        assert_eq!(days.len(), 7);
    }

    #[test]
    fn words_come_by_how_often_they_came_up() {
        let words = [("b", 1), ("a", 1), ("c", 5)].map(|(word, count)| (word.to_owned(), count));
        let names: Vec<_> = counts(words.into_iter()).into_iter().map(|body| body.name).collect();
        assert_eq!(names, ["c", "a", "b"]);
    }
}
