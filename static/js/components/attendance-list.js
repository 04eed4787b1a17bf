// Who has been recorded at an event, kept up to date while it is looked at. The first page is asked
// for every few seconds and merged in; older pages stay as they were fetched.
import { formatDay, formatTime, t } from '../i18n.js';
import { usePolling } from '../loading.js';
import { signedCall } from '../session.js';
import { html, useEffect, useRef, useState } from '../view.js';
import { Empty } from './empty.js';
import { stateOf } from './event-state.js';
import { Failure } from './failure.js';
import { LoadMore } from './load-more.js';
import { Skeleton } from './skeleton.js';
import { StatusBadge } from './status-badge.js';

const EVERY_MILLISECONDS = 3000;
const STATUSES = ['present', 'late', 'hospital', 'family', 'emergency', 'vacancy', 'personal', 'not_registered'];
const NOTHING = { items: null, cursor: null, deep: false, problem: null, busy: false };

export function AttendanceList({ event, onStatistics }) {
  const path = `/events/${encodeURIComponent(event.event_id)}/attendance`;
  const [status, setStatus] = useState('');
  const [list, setList] = useState(NOTHING);
  const wanted = useRef('');

  const refresh = async () => {
    const asked = status;
    try {
      const page = await signedCall('GET', path, { query: { status: asked } });
      if (wanted.current !== asked) return;
      onStatistics(page.statistics);
      setList((old) => ({
        ...old,
        items: old.deep ? merge(page.items, old.items) : page.items,
        cursor: old.deep ? old.cursor : page.next_cursor,
        problem: null,
      }));
    } catch (problem) {
      if (wanted.current === asked) setList((old) => ({ ...old, problem }));
    }
  };
  usePolling(refresh, EVERY_MILLISECONDS);
  useEffect(() => {
    if (wanted.current === status) return;
    wanted.current = status;
    setList(NOTHING);
    refresh();
  }, [status]);

  const more = async () => {
    setList((old) => ({ ...old, busy: true }));
    try {
      const page = await signedCall('GET', path, { query: { status, cursor: list.cursor } });
      setList((old) => ({ ...old, items: merge(old.items, page.items), cursor: page.next_cursor, deep: true, busy: false, problem: null }));
    } catch (problem) {
      setList((old) => ({ ...old, busy: false, problem }));
    }
  };

  const { items, problem } = list;
  const state = stateOf(event);
  return html`
    <section class="section event-list" aria-labelledby="attendance">
      <div class="section-head">
        <div>
          <h2 id="attendance">${t('attendance.title')}</h2>
          <div role="status">${(problem || state === 'open') && html`
            <p class=${`live ${problem ? 'live-lost' : ''}`}>${t(problem ? 'attendance.lost' : 'attendance.live')}</p>`}</div>
        </div>
        <label class="filter"><span class="unseen">${t('attendance.filter')}</span>
          <select class="input" value=${status} onChange=${(change) => setStatus(change.currentTarget.value)} data-test="attendance-filter">
            <option value="">${t('attendance.all')}</option>
            ${STATUSES.map((name) => html`<option value=${name}>${t(`status.${name}`)}</option>`)}
          </select>
        </label>
      </div>
      ${!items && (problem ? html`<${Failure} problem=${problem} retry=${refresh} />` : html`<${Skeleton} lines=${4} />`)}
      ${items && (items.length
        ? html`<ul class="ledger" role="list">${items.map((row) => html`<${Row} key=${row.user_id} row=${row} event=${event} />`)}</ul>`
        : html`<${Empty} icon="scan" title=${t(status ? 'attendance.noneSuch' : state === 'closed' ? 'attendance.nobody' : 'attendance.empty')}>
            ${!status && state !== 'closed' && t('attendance.emptyNote')}<//>`)}
      ${items && html`<${LoadMore} cursor=${list.cursor} busy=${list.busy} onMore=${more} />`}
    </section>`;
}

function Row({ row, event }) {
  const at = row.scanned_at ?? row.updated_at;
  const sameDay = at && formatDay(at, event.timezone) === formatDay(`${event.date}T12:00:00Z`, 'UTC');
  return html`
    <li class="ledger-row ledger-row-new" data-test="attendance-row" data-user=${row.user_id}>
      <div class="ledger-row-main">
        <p class="ledger-row-title">${row.name} ${row.surname}</p>
        <p class="ledger-row-note numbers">${[
          at && (sameDay ? formatTime(at, event.timezone) : `${formatDay(at, event.timezone)}, ${formatTime(at, event.timezone)}`),
          row.minutes_late > 0 && t('attendance.late', { count: row.minutes_late }),
          row.source === 'hold' && t('attendance.byHold'),
          row.reason,
        ].filter(Boolean).join(' · ')}</p>
      </div>
      <${StatusBadge} status=${row.status} />
    </li>`;
}

// `first` wins where both know a person, and comes first.
function merge(first, second) {
  const known = new Set(first.map((row) => row.user_id));
  return [...first, ...second.filter((row) => !known.has(row.user_id))];
}
