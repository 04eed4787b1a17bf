// A time below a chart, unless it would be cut off at an edge.
import { formatDayOfMonth, formatTime } from '../i18n.js';
import { html } from '../view.js';

const EDGE = 24;

export function TimeMark({ time, isDays, x, y, width }) {
  if (x < EDGE + 34 || x > width - EDGE) return null;
  return html`<text class="chart-mark" x=${x} y=${y} text-anchor="middle">${isDays ? formatDayOfMonth(time) : formatTime(time)}</text>`;
}
