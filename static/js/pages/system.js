// How the appliance and its machine are: for administrators.
import { Alert } from '../components/alert.js';
import { Charts } from '../components/charts.js';
import { Failure } from '../components/failure.js';
import { FeedPanel } from '../components/feed-panel.js';
import { Findings } from '../components/findings.js';
import { InsightsPanel } from '../components/insights-panel.js';
import { LevelBadge } from '../components/level-badge.js';
import { LogView } from '../components/log-view.js';
import { SecurityPanel } from '../components/security-panel.js';
import { Skeleton } from '../components/skeleton.js';
import { EndpointsTable, PartsTable, StoresTable } from '../components/system-tables.js';
import { Tiles } from '../components/tiles.js';
import { formatDuration } from '../figures.js';
import { formatClock, t, useLanguage } from '../i18n.js';
import { usePolling } from '../loading.js';
import { signedCall } from '../session.js';
import { html, useEffect, useRef, useState } from '../view.js';

const EVERY_MILLISECONDS = 10_000;
const NOTHING = { health: null, security: null, insights: null, rates: {}, problem: null };
// The rates of the tiles are those of the last samples.
const RATES_SECONDS = 60;

export default function System() {
  const [state, setState] = useState(NOTHING);
  const language = useLanguage();
  const drawn = useRef(language);

  const refresh = async () => {
    try {
      const [health, security, insights, rates] = await Promise.all([
        signedCall('GET', '/dashboard/health'),
        signedCall('GET', '/dashboard/security'),
        signedCall('GET', '/dashboard/insights'),
        currentRates(),
      ]);
      setState({ health, security, insights, rates, problem: null });
    } catch (problem) {
      setState((old) => ({ ...old, problem }));
    }
  };
  usePolling(refresh, EVERY_MILLISECONDS);
  // The server's sentences come in the language that was asked for.
  useEffect(() => {
    if (drawn.current !== language) refresh();
    drawn.current = language;
  }, [language]);

  const { health, security, insights, rates, problem } = state;
  if (!health) {
    return html`<div class="page-head"><h1 tabindex="-1">${t('system.title')}</h1></div>
      ${problem ? html`<${Failure} problem=${problem} retry=${refresh} />` : html`<${Skeleton} />`}`;
  }
  return html`
    <div class="page-head">
      <div>
        <h1 tabindex="-1">${t('system.title')}</h1>
        <p class="soft numbers" data-test="system-facts">${[
          t('system.version', { version: health.version }),
          t('system.up', { time: formatDuration(health.uptime_seconds) }),
          health.sampled_at && t('system.sampled', { time: formatClock(health.sampled_at) }),
        ].filter(Boolean).join(' · ')}</p>
      </div>
      <${LevelBadge} level=${health.level} test="health-level" />
    </div>
    <div class="system">
      <section class="section" aria-label=${t('system.glance')}>
        ${problem && html`<${Alert} kind="error">${problem.detail}<//>`}
        <${Findings} findings=${health.findings} nothing=${t('system.fine')} />
        <${Tiles} health=${health} rates=${rates} />
      </section>
      <${Charts} />
      <div class="system-pair">
        <${SecurityPanel} security=${security} />
        <${InsightsPanel} insights=${insights} />
      </div>
      <${FeedPanel} />
      <${PartsTable} parts=${health.parts} />
      <${StoresTable} stores=${health.stores} />
      <${EndpointsTable} endpoints=${insights.endpoints} />
      <${LogView} />
    </div>`;
}

async function currentRates() {
  const to = Date.now();
  const query = {
    metric: 'requests_per_second,latency_p95_seconds', step: 10,
    from: new Date(to - RATES_SECONDS * 1000).toISOString(), to: new Date(to).toISOString(),
  };
  const { metrics } = await signedCall('GET', '/dashboard/series', { query });
  const [requests, latency] = metrics.map(({ mean }) => mean.findLast((value) => value !== null) ?? null);
  return { requests, latency };
}
