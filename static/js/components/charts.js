// The charts of the last hour, day or month.
import { t } from '../i18n.js';
import { usePolling } from '../loading.js';
import { signedCall } from '../session.js';
import { html, useEffect, useRef, useState } from '../view.js';
import { Alert } from './alert.js';
import { Chart } from './chart.js';
import { Segments } from './segments.js';
import { Skeleton } from './skeleton.js';

const RANGES = { hour: 3_600, day: 86_400, month: 30 * 86_400 };
const EVERY_MILLISECONDS = 10_000;

const CHARTS = [
  { key: 'cpu', metrics: ['machine_cpu_percent', 'process_cpu_percent'] },
  { key: 'memory', metrics: ['process_memory_bytes'] },
  { key: 'requests', metrics: ['requests_per_second'] },
  { key: 'errors', metrics: ['errors_per_second', 'refusals_per_second'], looks: ['bad', 3] },
  { key: 'latency', metrics: ['latency_p50_seconds', 'latency_p95_seconds', 'latency_p99_seconds'] },
  { key: 'commits', metrics: ['commits_per_second'] },
  { key: 'disk', metrics: ['disk_read_bytes_per_second', 'disk_written_bytes_per_second'] },
  { key: 'network', metrics: ['network_received_bytes_per_second', 'network_sent_bytes_per_second'] },
];
const METRICS = CHARTS.flatMap((chart) => chart.metrics).join(',');

export function Charts() {
  const [range, setRange] = useState('hour');
  const [state, setState] = useState({ series: null, problem: null });
  const wanted = useRef(null);

  const refresh = async () => {
    const asked = range;
    const to = Date.now();
    const query = { metric: METRICS, from: new Date(to - RANGES[asked] * 1000).toISOString(), to: new Date(to).toISOString() };
    try {
      const series = await signedCall('GET', '/dashboard/series', { query });
      if (wanted.current === asked) setState({ series, problem: null });
    } catch (problem) {
      if (wanted.current === asked) setState((old) => ({ ...old, problem }));
    }
  };
  usePolling(refresh, EVERY_MILLISECONDS);
  useEffect(() => {
    const first = wanted.current === null;
    wanted.current = range;
    if (!first) refresh();
  }, [range]);

  const { series, problem } = state;
  return html`
    <section class="section" aria-labelledby="charts">
      <div class="section-head">
        <h2 id="charts">${t('charts.title')}</h2>
        <${Segments} label=${t('charts.range')} test="chart-range" chosen=${range} onChoose=${setRange}
          options=${Object.keys(RANGES).map((value) => ({ value, text: t(`charts.${value}`) }))} />
      </div>
      ${problem && html`<${Alert} kind="error">${problem.detail}<//>`}
      ${!series && !problem && html`<${Skeleton} />`}
      ${series && html`
        <div class="charts">
          ${CHARTS.map(({ key, metrics, looks = [1, 2, 3] }) => {
            const found = metrics.map((name) => series.metrics.find((metric) => metric.metric === name));
            return html`
              <${Chart} key=${key} test=${`chart-${key}`} title=${t(`chart.${key}`)} unit=${found[0].unit}
                from=${Date.parse(series.from)} step=${series.step_seconds * 1000}
                lines=${found.map(({ metric, mean, minimum, maximum }, nth) => ({
                  name: t(`metric.${metric}`), look: `line-${looks[nth]}`, values: mean, minimum, maximum,
                }))} />`;
          })}
        </div>`}
    </section>`;
}
