// Counts as bars, one for each hour of a day. Each bar says its own figure when pointed at or read out.
import { formatNumber, t } from '../i18n.js';
import { html } from '../view.js';
import { useWidth } from '../width.js';
import { valueMarks } from '../scale.js';

const HEIGHT = 150;
const TOP = 18;
const BOTTOM = 22;
const LEFT = 30;

// bars: [{ name, count, mark }]; `mark` is written below, where there is room.
export function Bars({ title, bars, test }) {
  const [element, width] = useWidth();
  const greatest = Math.max(0, ...bars.map((bar) => bar.count));
  const marks = valueMarks(greatest, 'count').filter(Number.isInteger);
  const top = Math.max(1, marks.at(-1));
  const room = Math.max(0, width - LEFT) / bars.length;
  const y = (count) => TOP + (1 - count / top) * (HEIGHT - TOP - BOTTOM);
  return html`
    <div class="bars" ref=${element} data-test=${test} data-total=${bars.reduce((sum, bar) => sum + bar.count, 0)}>
      <svg width=${width} height=${HEIGHT} role="img" aria-label=${title} focusable="false">
        ${marks.map((mark) => html`
          <line class=${mark === 0 ? 'chart-base' : 'chart-grid'} x1=${LEFT} x2=${width} y1=${y(mark)} y2=${y(mark)} />
          <text class="chart-mark" x=${LEFT - 6} y=${y(mark) + 4} text-anchor="end">${formatNumber(mark)}</text>`)}
        ${bars.map((bar, nth) => html`
          <g class="bar">
            <title>${bar.name}: ${formatNumber(bar.count)}</title>
            <rect class="bar-room" x=${LEFT + nth * room} y=${TOP} width=${room} height=${HEIGHT - TOP - BOTTOM} />
            <rect class="bar-fill" x=${LEFT + nth * room + room * 0.14} width=${room * 0.72} y=${y(bar.count)} height=${Math.max(0, y(0) - y(bar.count))} rx="2" />
            ${bar.mark && html`<text class="chart-mark" x=${LEFT + (nth + 0.5) * room} y=${HEIGHT - 5} text-anchor="middle">${bar.mark}</text>`}
          </g>`)}
      </svg>
      <table class="unseen">
        <caption>${title}</caption>
        <tbody>${bars.map((bar) => html`<tr><th scope="row">${bar.name}</th><td>${formatNumber(bar.count)}</td></tr>`)}</tbody>
      </table>
      ${greatest === 0 && html`<p class="chart-empty">${t('insights.noScans')}</p>`}
    </div>`;
}
