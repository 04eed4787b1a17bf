// How the appliance is used: scans by hour, the events and people behind them.
import { formatCount } from '../figures.js';
import { formatDate, t } from '../i18n.js';
import { html, useState } from '../view.js';
import { Bars } from './bars.js';
import { Segments } from './segments.js';

const clock = (hour) => `${String(hour).padStart(2, '0')}:00`;
const LISTED = 5;

export function InsightsPanel({ insights }) {
  const [span, setSpan] = useState('today');
  const { scans } = insights;
  const hours = (counts) => counts.map((count, hour) => ({
    name: `${clock(hour)}–${clock((hour + 1) % 24)}`, count, mark: hour % 6 === 0 ? clock(hour) : null,
  }));
  const bars = scans && {
    today: () => hours(scans.today_by_hour),
    week: () => hours(scans.by_hour),
    days: () => scans.by_day.map(({ date, scans: count }) => ({ name: formatDate(date), count, mark: date.slice(8) })),
  }[span]();
  return html`
    <section class="panel section" aria-labelledby="insights">
      <div class="section-head">
        <h2 id="insights">${t('insights.title')}</h2>
        <${Segments} label=${t('insights.span')} chosen=${span} onChoose=${setSpan} test="insights-span"
          options=${['today', 'week', 'days'].map((value) => ({ value, text: t(`insights.${value}`) }))} />
      </div>
      ${!scans && html`<p class="soft">${t('insights.tooMany')}</p>`}
      ${scans && html`
        <${Bars} title=${t('insights.chart')} bars=${bars} test="scans-by-hour" />
        <dl class="facts">
          <div><dt>${t('insights.scansToday')}</dt><dd class="numbers" data-test="scans-today">${formatCount(scans.today)}</dd></div>
          <div><dt>${t('insights.scansWeek')}</dt><dd class="numbers">${t('insights.scansBy', { count: scans.people, scans: formatCount(scans.last_7_days), people: formatCount(scans.people) })}</dd></div>
          <div><dt>${t('insights.peak')}</dt><dd class="numbers">${scans.peak_hours.map(({ hour }) => clock(hour)).join(', ') || t('figure.unknown')}</dd></div>
          <div><dt>${t('insights.events')}</dt><dd class="numbers">${t('insights.eventsOf', { open: formatCount(insights.open_events), events: formatCount(scans.events) })}</dd></div>
        </dl>
        <div class="tops">
          <${Top} title=${t('insights.topEvents')} rows=${scans.top_events.slice(0, LISTED).map((event) => ({
            key: event.event_id, href: `/app/events/${encodeURIComponent(event.event_id)}`, name: event.name, note: formatDate(event.date), count: event.scans,
          }))} />
          <${Top} title=${t('insights.topPeople')} rows=${scans.most_active.slice(0, LISTED).map((person) => ({
            key: person.user_id, name: `${person.name} ${person.surname}`.trim() || `#${person.user_id}`, count: person.scans,
          }))} />
          ${insights.social_logs_by_status?.length > 0 && html`
            <${Top} title=${t('insights.social')} rows=${insights.social_logs_by_status.slice(0, LISTED).map(({ name, count }) => ({ key: name, name, count }))} />`}
        </div>
        <p class="soft small">${t('insights.zone', { zone: insights.timezone })}</p>`}
    </section>`;
}

function Top({ title, rows }) {
  return html`
    <div class="top">
      <h3>${title}</h3>
      ${rows.length === 0 && html`<p class="soft">${t('insights.nobody')}</p>`}
      <ol role="list">
        ${rows.map(({ key, href, name, note, count }) => html`
          <li key=${key}><span>${href ? html`<a href=${href}>${name}</a>` : name}${note && html` <small class="soft">${note}</small>`}</span>
            <b class="numbers">${formatCount(count)}</b></li>`)}
      </ol>
    </div>`;
}
