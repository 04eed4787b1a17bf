// What became, or would become, of each row of a file: how many of which kind, then the rows, refused ones first.
import { formatNumber, t } from '../i18n.js';
import { html, useState } from '../view.js';
import { Icon } from './icon.js';
import { Segments } from './segments.js';

const LOOKS = { created: ['present', 'check'], would_create: ['present', 'plus'], refused: ['absent', 'cross'], exists: ['excused', 'leave'] };
const KINDS = { all: () => true, new: (row) => isNew(row), refused: (row) => row.outcome === 'refused', exists: (row) => row.outcome === 'exists' };
const SHOWN = 200;
const isNew = (row) => row.outcome === 'created' || row.outcome === 'would_create';

export function ImportReport({ report }) {
  const [kind, setKind] = useState('all');
  const fits = report.rows.filter(KINDS[kind]).toSorted((one, next) => (next.outcome === 'refused') - (one.outcome === 'refused') || one.line - next.line);
  const shown = fits.slice(0, SHOWN);
  const counts = [
    ['import.count.new', report.created, 'key-present'], ['import.count.exists', report.existing, 'key-excused'], ['import.count.refused', report.refused, 'key-refused'],
  ];
  return html`
    <dl class="figures import-figures">${counts.map(([label, count, key]) => html`
      <div class=${key}><dt>${t(label)}</dt><dd>${formatNumber(count)}</dd></div>`)}</dl>
    <${Segments} label=${t('import.show')} chosen=${kind} onChoose=${setKind} test="import-show"
      options=${Object.keys(KINDS).map((value) => ({ value, text: t(`import.show.${value}`) }))} />
    ${shown.length === 0
      ? html`<p class="soft">${t('import.noRows')}</p>`
      : html`
        <div class="table-scroll panel" tabindex="0" role="region" aria-label=${t('import.rows')}>
          <table class="table import-rows">
            <thead><tr><th scope="col" class="number">${t('import.line')}</th><th scope="col">${t('field.email')}</th><th scope="col">${t('import.outcome')}</th></tr></thead>
            <tbody>${shown.map((row) => html`<${Row} key=${row.line} row=${row} />`)}</tbody>
          </table>
        </div>`}
    ${fits.length > shown.length && html`<p class="soft">${t('import.onlyFirst', { count: formatNumber(SHOWN), all: formatNumber(fits.length) })}</p>`}`;
}

function Row({ row }) {
  const [look, icon] = LOOKS[row.outcome] ?? ['excused', 'info'];
  return html`
    <tr data-test="import-row" data-outcome=${row.outcome}>
      <td class="number">${row.line}</td>
      <th scope="row">${row.email}</th>
      <td>
        <span class=${`badge badge-${look}`}><${Icon} name=${icon} size=${14} />${t(`import.outcome.${row.outcome}`)}</span>
        ${row.errors?.map((error) => html`<p class="import-error"><b>${error.field}</b> ${error.message}</p>`)}
      </td>
    </tr>`;
}
