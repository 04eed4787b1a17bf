//! Insights in JSON.

use poem_openapi::Object;

use super::TrafficBody;

/// How the appliance is used. A figure that would take too long to count is null.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardInsights")]
pub struct InsightsBody {
    /// The IANA zone of hours and days here.
    pub timezone: String,
    /// Scans of today and the six days before; null when they are more than 500,000.
    pub scans: Option<ScansBody>,
    /// Scans since the process started, by outcome: `recorded`, `already_recorded` or a refusal's code.
    pub scan_outcomes: Vec<CountBody>,
    /// Events that take scans now.
    pub open_events: u64,
    /// Social logs of the same days by status; null when they are more than 200,000.
    pub social_logs_by_status: Option<Vec<CountBody>>,
    /// Every route that was asked for since the process started, those with most requests first.
    pub endpoints: Vec<EndpointBody>,
}

/// Scans of codes, and of badges by staff.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardScans")]
pub struct ScansBody {
    /// Today.
    pub today: u64,
    /// Today and the six days before.
    pub last_7_days: u64,
    /// Today by the hour, from 0 to 23.
    pub today_by_hour: Vec<u64>,
    /// All seven days by the hour, from 0 to 23.
    pub by_hour: Vec<u64>,
    /// Each of the seven days.
    pub by_day: Vec<DayBody>,
    /// The hours with the most scans of the seven days, at most three.
    pub peak_hours: Vec<HourBody>,
    /// How many different people scanned.
    pub people: u64,
    /// Events in all, whenever they are.
    pub events: u64,
    /// Who scanned most, at most ten.
    pub most_active: Vec<UserScansBody>,
    /// Where most was scanned, at most ten.
    pub top_events: Vec<EventScansBody>,
}

/// Scans of a day.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardDay")]
pub struct DayBody {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// How many.
    pub scans: u64,
}

/// Scans of an hour.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardHour")]
pub struct HourBody {
    /// From 0 to 23.
    pub hour: u8,
    /// How many.
    pub scans: u64,
}

/// Scans of a person.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardPersonScans")]
pub struct UserScansBody {
    /// Who.
    pub user_id: u64,
    /// Given name; empty for somebody without a profile.
    pub name: String,
    /// Family name.
    pub surname: String,
    /// How many.
    pub scans: u64,
}

/// Scans of an event.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardEventScans")]
pub struct EventScansBody {
    /// Its public id.
    pub event_id: String,
    /// Its name.
    pub name: String,
    /// Its date, `YYYY-MM-DD`.
    pub date: String,
    /// How many.
    pub scans: u64,
}

/// A word and how often it came up.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardCount")]
pub struct CountBody {
    /// The word.
    pub name: String,
    /// How often.
    pub count: u64,
}

/// Requests of a route.
#[derive(Debug, Clone, Object)]
#[oai(rename = "DashboardEndpoint")]
pub struct EndpointBody {
    /// The method.
    pub method: String,
    /// The route's template; `unmatched` stands for addresses that are nothing here.
    pub endpoint: String,
    /// The part that answers it.
    pub service: String,
    /// Since the process started.
    pub since_start: TrafficBody,
    /// Of about the last five minutes.
    pub recent: TrafficBody,
}
