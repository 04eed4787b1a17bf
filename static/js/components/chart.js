// Figures over time as lines. Where nothing is known the line has a gap. Pointing, or the arrow keys,
// read values out in the legend; a table has them all.
import { formatDayTime, t } from '../i18n.js';
import { formatUnit } from '../figures.js';
import { timeMarks, valueMarks } from '../scale.js';
import { html, useState } from '../view.js';
import { useWidth } from '../width.js';
import { ChartTable } from './chart-table.js';
import { TimeMark } from './time-mark.js';

const HEIGHT = 176;
const TOP = 10;
const BOTTOM = 24;
const LEFT = 58;
const RIGHT = 6;
const MARK_WIDTH = 64;

// lines: [{ name, look, values, minimum, maximum }], an entry for each step of `step` milliseconds.
export function Chart({ title, note, unit, lines, from, step, test }) {
  const [element, width] = useWidth();
  const [at, setAt] = useState(null);
  const steps = lines[0]?.values.length ?? 0;
  const known = lines.flatMap((line) => line.values).filter((value) => value !== null);
  const newest = lastKnown(lines);
  const shown = at === null ? newest : Math.min(at, steps - 1);
  const inner = Math.max(0, width - LEFT - RIGHT);
  // A single line also shows between what its steps lay.
  const greatest = Math.max(0, ...known, ...(lines.length === 1 ? lines[0].maximum ?? [] : []));
  const marks = valueMarks(greatest, unit);
  const top = marks.at(-1);
  const x = (nth) => LEFT + ((nth + 0.5) / Math.max(1, steps)) * inner;
  const y = (value) => TOP + (1 - Math.min(value, top) / top) * (HEIGHT - TOP - BOTTOM);
  const timeOf = (nth) => from + nth * step;
  const time = timeMarks(from, from + steps * step, Math.max(2, inner / MARK_WIDTH));

  const point = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const nth = Math.floor(((event.clientX - box.left - LEFT) / Math.max(1, inner)) * steps);
    setAt(Math.max(0, Math.min(steps - 1, nth)));
  };
  const press = (event) => {
    const here = shown ?? steps - 1;
    const far = Math.max(1, Math.round(steps / 20));
    const next = { ArrowLeft: here - 1, ArrowRight: here + 1, PageDown: here - far, PageUp: here + far, Home: 0, End: steps - 1 }[event.key];
    if (event.key === 'Escape') setAt(null);
    if (next === undefined) return;
    event.preventDefault();
    setAt(Math.max(0, Math.min(steps - 1, next)));
  };
  const words = shown === null ? t('chart.empty') : [
    formatDayTime(timeOf(shown)),
    ...lines.map((line) => `${line.name} ${formatUnit(unit, line.values[shown])}`),
  ].join(', ');

  return html`
    <figure class="chart panel" data-test=${test} data-known=${known.length}>
      <figcaption class="chart-head">
        <h3>${title}</h3>
        <p class="chart-time numbers">${shown !== null && known.length > 0 && formatDayTime(timeOf(shown))}</p>
        ${note && html`<p class="chart-note">${note}</p>`}
      </figcaption>
      <dl class="legend">
        ${lines.map((line) => html`
          <div class=${line.look}><dt>${line.name}</dt>
            <dd class="numbers">${shown === null ? t('figure.unknown') : formatUnit(unit, line.values[shown])}</dd></div>`)}
      </dl>
      <div class="chart-plot" ref=${element} tabindex="0" role="slider" aria-label=${title} aria-orientation="horizontal"
        aria-valuemin="0" aria-valuemax=${Math.max(0, steps - 1)} aria-valuenow=${shown ?? 0} aria-valuetext=${words}
        onPointerMove=${point} onPointerDown=${point} onPointerLeave=${() => setAt(null)} onKeyDown=${press} onBlur=${() => setAt(null)}>
        <svg width=${width} height=${HEIGHT} aria-hidden="true" focusable="false">
          ${marks.map((mark) => html`
            <line class=${mark === 0 ? 'chart-base' : 'chart-grid'} x1=${LEFT} x2=${width - RIGHT} y1=${y(mark)} y2=${y(mark)} />
            <text class="chart-mark" x=${LEFT - 8} y=${y(mark) + 4} text-anchor="end">${formatUnit(unit, mark)}</text>`)}
          ${time.marks.map((mark) => html`
            <${TimeMark} time=${mark} isDays=${time.isDays} x=${LEFT + ((mark - from) / (steps * step)) * inner} width=${width} y=${HEIGHT - 6} />`)}
          ${lines.length === 1 && html`<path class=${`chart-range ${lines[0].look}`} d=${band(lines[0], x, y)} />`}
          ${lines.length === 1 && html`<path class=${`chart-area ${lines[0].look}`} d=${area(lines[0].values, x, y)} />`}
          ${lines.map((line) => html`<path class=${`chart-line ${line.look}`} d=${path(line.values, x, y)} />`)}
          ${at !== null && html`<line class="chart-cursor" x1=${x(shown)} x2=${x(shown)} y1=${TOP} y2=${HEIGHT - BOTTOM} />`}
          ${shown !== null && lines.map((line) => line.values[shown] !== null && html`
            <circle class=${`chart-dot ${line.look}`} cx=${x(shown)} cy=${y(line.values[shown])} r=${at === null ? 3 : 4.5} />`)}
        </svg>
        ${known.length === 0 && html`<p class="chart-empty">${t('chart.empty')}</p>`}
      </div>
      ${known.length > 0 && html`<${ChartTable} title=${title} unit=${unit} lines=${lines} timeOf=${timeOf} />`}
    </figure>`;
}

// The last step that any line knows something about.
function lastKnown(lines) {
  const last = Math.max(-1, ...lines.map((line) => line.values.findLastIndex((value) => value !== null)));
  return last < 0 ? null : last;
}

// Stretches of steps that are known, as lists of their places.
function stretches(values) {
  const found = [];
  values.forEach((value, nth) => {
    if (value === null) return;
    if (nth > 0 && values[nth - 1] !== null) found.at(-1).push(nth);
    else found.push([nth]);
  });
  return found;
}

const round = (dots) => Math.round(dots * 10) / 10;

// A stretch of a single step is a line without length, which its round ends make a dot.
function path(values, x, y) {
  return stretches(values).map((places) => {
    const points = places.map((nth) => `${round(x(nth))} ${round(y(values[nth]))}`);
    return `M${points.join('L')}${places.length === 1 ? 'h0' : ''}`;
  }).join('');
}

function area(values, x, y) {
  return stretches(values).map((places) => {
    const points = places.map((nth) => `${round(x(nth))} ${round(y(values[nth]))}`);
    return `M${round(x(places[0]))} ${round(y(0))}L${points.join('L')}L${round(x(places.at(-1)))} ${round(y(0))}Z`;
  }).join('');
}

// Between the least and the greatest value of each step.
function band({ values, minimum, maximum }, x, y) {
  if (!minimum || !maximum) return '';
  return stretches(values).map((places) => {
    const above = places.map((nth) => `${round(x(nth))} ${round(y(maximum[nth]))}`);
    const below = places.toReversed().map((nth) => `${round(x(nth))} ${round(y(minimum[nth]))}`);
    return `M${above.join('L')}L${below.join('L')}Z`;
  }).join('');
}
