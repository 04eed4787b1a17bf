// The figures of health that matter most.
import { formatBytes, formatCount, formatDuration, formatPercent, formatSeconds, formatUnit } from '../figures.js';
import { formatLongDay, t } from '../i18n.js';
import { html } from '../view.js';
import { Tile } from './tile.js';

const share = (part, whole) => (part === null || !whole ? null : part / whole);

export function Tiles({ health, rates }) {
  const { machine, process, certificate, backup } = health;
  const recent = health.parts.reduce((sum, part) => ({
    requests: sum.requests + part.recent.requests, errors: sum.errors + part.recent.errors,
  }), { requests: 0, errors: 0 });
  const cores = machine.cores_percent.length;
  return html`
    <dl class="tiles" data-test="tiles">
      <${Tile} test="tile-cpu" label=${t('tile.cpu')} value=${formatPercent(machine.cpu_percent)} share=${share(machine.cpu_percent, 100)}
        note=${t('tile.cpuNote', { count: cores, load: formatCount(machine.load_1_minute) })} />
      <${Tile} test="tile-memory" label=${t('tile.memory')} value=${formatPercent(percent(machine.memory_used_bytes, machine.memory_total_bytes))}
        share=${share(machine.memory_used_bytes, machine.memory_total_bytes)}
        note=${t('tile.memoryNote', { used: formatBytes(machine.memory_used_bytes), total: formatBytes(machine.memory_total_bytes) })} />
      <${Tile} test="tile-disk" label=${t('tile.disk')} value=${formatBytes(machine.disk_free_bytes)}
        share=${share(notFree(machine), machine.disk_total_bytes)} note=${t('tile.diskNote', { total: formatBytes(machine.disk_total_bytes) })} />
      <${Tile} test="tile-process" label=${t('tile.process')} value=${formatBytes(process.memory_bytes)}
        note=${t('tile.processNote', { cpu: formatPercent(process.cpu_percent), threads: formatCount(process.threads) })} />
      <${Tile} test="tile-requests" label=${t('tile.requests')} value=${formatUnit('per_second', rates.requests)}
        note=${t('tile.requestsNote', { count: recent.requests, number: formatCount(recent.requests) })} />
      <${Tile} test="tile-errors" label=${t('tile.errors')} value=${formatCount(recent.errors)} look=${recent.errors > 0 ? 'tile-bad' : ''}
        note=${t('tile.errorsNote')} />
      <${Tile} test="tile-latency" label=${t('tile.latency')} value=${formatSeconds(rates.latency)} note=${t('tile.latencyNote')} />
      <${Tile} test="tile-connections" label=${t('tile.connections')} value=${formatCount(health.connections)}
        note=${t('tile.filesNote', { open: formatCount(process.open_files), limit: formatCount(process.open_files_limit) })} />
      <${Tile} test="tile-certificate" label=${t('tile.certificate')} value=${days(certificate.days_left)}
        note=${certificate.expires_at ? t('tile.certificateNote', { date: formatLongDay(certificate.expires_at) }) : ''} />
      <${Tile} test="tile-backup" label=${t('tile.backup')} value=${backup.last_at ? formatDuration(backup.age_seconds) : t('figure.unknown')}
        note=${t(backup.last_at ? 'tile.backupNote' : 'tile.backupNone')} />
    </dl>`;
}

// More than what is used: a filesystem keeps some for itself and for root.
const notFree = ({ disk_total_bytes: total, disk_free_bytes: free }) => (total === null || free === null ? null : total - free);
const days = (left) => (left === null ? t('figure.unknown') : t('tile.days', { count: left, number: formatCount(left) }));
const percent = (part, whole) => (part === null || !whole ? null : (part / whole) * 100);
