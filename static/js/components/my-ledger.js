// A person's own attendance, ruled like a register.
import { formatDay, formatTime, t } from '../i18n.js';
import { html } from '../view.js';
import { StatusBadge } from './status-badge.js';

export function MyLedger({ rows, withDay = true }) {
  return html`
    <ul class="ledger" role="list">
      ${rows.map((row) => html`
        <li class="ledger-row" key=${row.event_id} data-test="my-attendance-row" data-event=${row.event_id}>
          <div class="ledger-row-main">
            <p class="ledger-row-title">${row.event_name}</p>
            <p class="ledger-row-note numbers">${[
              when(row.scanned_at ?? row.updated_at, withDay),
              row.minutes_late > 0 && t('attendance.late', { count: row.minutes_late }),
            ].filter(Boolean).join(' · ')}</p>
          </div>
          <${StatusBadge} status=${row.status} />
        </li>`)}
    </ul>`;
}

function when(instant, withDay) {
  if (!instant) return null;
  return withDay ? `${formatDay(instant)}, ${formatTime(instant)}` : formatTime(instant);
}
