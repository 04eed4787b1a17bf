// The figures of a chart as a table, for whoever does not see lines: some thirty rows, made when opened.
import { formatUnit } from '../figures.js';
import { formatDayTime, t } from '../i18n.js';
import { html, useState } from '../view.js';

const ROWS = 30;

export function ChartTable({ title, unit, lines, timeOf }) {
  const [open, setOpen] = useState(false);
  return html`
    <details class="chart-table" onToggle=${(event) => setOpen(event.currentTarget.open)}>
      <summary>${t('chart.table')}<span class="unseen">: ${title}</span></summary>
      ${open && html`
        <div class="table-scroll" tabindex="0" role="region" aria-label=${title}>
          <table class="table">
            <thead><tr><th scope="col">${t('chart.time')}</th>${lines.map((line) => html`<th scope="col" class="number">${line.name}</th>`)}</tr></thead>
            <tbody>${rows(lines).map((nth) => html`
              <tr><th scope="row" class="numbers">${formatDayTime(timeOf(nth))}</th>
                ${lines.map((line) => html`<td class="number">${formatUnit(unit, line.values[nth])}</td>`)}</tr>`)}</tbody>
          </table>
        </div>`}
    </details>`;
}

// Steps at equal distances, newest first, of those about which something is known.
function rows(lines) {
  const known = lines[0].values.map((_, nth) => nth).filter((nth) => lines.some((line) => line.values[nth] !== null));
  const every = Math.max(1, Math.ceil(known.length / ROWS));
  return known.toReversed().filter((_, nth) => nth % every === 0);
}
