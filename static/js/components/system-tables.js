// The parts, the databases and the routes of the appliance, each in a table.
import { formatBytes, formatCount, formatSeconds } from '../figures.js';
import { t } from '../i18n.js';
import { html } from '../view.js';
import { Icon } from './icon.js';

export function PartsTable({ parts }) {
  const columns = ['table.part', 'table.status', 'table.requests', 'table.refusals', 'table.errors', 'table.p50', 'table.p95', 'table.p99'];
  return html`
    <${Table} title=${t('parts.title')} note=${t('parts.note')} columns=${columns} texts=${2} test="parts"
      rows=${parts.map(({ name, status, since_start: all }) => [
        t(`part.${name}`), html`<${Status} status=${status} />`,
        formatCount(all.requests), formatCount(all.refusals), formatCount(all.errors),
        formatSeconds(all.latency.p50_seconds), formatSeconds(all.latency.p95_seconds), formatSeconds(all.latency.p99_seconds),
      ])} />`;
}

export function StoresTable({ stores }) {
  const columns = ['table.store', 'table.status', 'table.size', 'table.commits', 'table.batch', 'table.commitP95', 'table.queue', 'table.outbox'];
  return html`
    <${Table} title=${t('stores.title')} note=${t('stores.note')} columns=${columns} texts=${2} test="stores"
      rows=${stores.map((store) => [
        `${store.name}.redb`, html`<${Status} status=${store.status} />`, formatBytes(store.file_bytes), formatCount(store.commits),
        formatCount(store.batch_mean), formatSeconds(store.commit.p95_seconds), formatCount(store.queue_depth), formatCount(store.outbox_events),
      ])} />`;
}

const LISTED = 12;

export function EndpointsTable({ endpoints }) {
  const columns = ['table.route', 'table.requests', 'table.refusals', 'table.errors', 'table.p50', 'table.p95'];
  return html`
    <${Table} title=${t('endpoints.title')} note=${t('endpoints.note', { count: LISTED })} columns=${columns} texts=${1} test="endpoints"
      rows=${endpoints.slice(0, LISTED).map(({ method, endpoint, since_start: all }) => [
        html`<code>${method} ${endpoint}</code>`, formatCount(all.requests), formatCount(all.refusals), formatCount(all.errors),
        formatSeconds(all.latency.p50_seconds), formatSeconds(all.latency.p95_seconds),
      ])} />`;
}

// The first `texts` columns hold words, the others figures.
function Table({ title, note, columns, rows, texts, test }) {
  const look = (nth) => (nth < texts ? '' : 'number');
  return html`
    <section class="section" data-test=${test}>
      <div class="section-head"><div><h2>${title}</h2><p class="soft small">${note}</p></div></div>
      <div class="table-scroll panel" tabindex="0" role="region" aria-label=${title}>
        <table class="table">
          <thead><tr>${columns.map((column, nth) => html`<th scope="col" class=${look(nth)}>${t(column)}</th>`)}</tr></thead>
          <tbody>${rows.map((row) => html`
            <tr>${row.map((cell, nth) => (nth === 0 ? html`<th scope="row">${cell}</th>` : html`<td class=${look(nth)}>${cell}</td>`))}</tr>`)}</tbody>
        </table>
      </div>
    </section>`;
}

function Status({ status }) {
  const good = status === 'up';
  return html`<span class=${`badge badge-${good ? 'present' : 'absent'}`}><${Icon} name=${good ? 'check' : 'cross'} size=${14} />${t(`partStatus.${status}`)}</span>`;
}
