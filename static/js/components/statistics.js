// The counts of an event, as figures and as one bar of proportions.
import { formatNumber, formatShare, t } from '../i18n.js';
import { html } from '../view.js';

// The server names its formula; this one has words in both languages.
const FORMULA = '(present + late) / expected';
const PARTS = [['present', 'present'], ['late', 'late'], ['excused', 'excused'], ['not_registered', 'absent']];

export function Statistics({ statistics }) {
  const { expected, attendance_rate, rate_formula } = statistics;
  const parts = PARTS
    .map(([key, look]) => ({ key, look, count: statistics[key] ?? 0 }))
    // Without a list of expected people nobody can be missing.
    .filter(({ key, count }) => key !== 'not_registered' || expected !== null || count > 0);
  const total = parts.reduce((sum, part) => sum + part.count, 0);
  let from = 0;
  return html`
    <dl class="figures numbers" data-test="statistics" data-recorded=${statistics.recorded}>
      ${parts.map(({ key, look, count }) => html`
        <div class=${`key-${look}`}><dt>${t(`statistics.${key}`)}</dt><dd>${formatNumber(count)}</dd></div>`)}
    </dl>
    ${total > 0 && html`
      <svg class="proportion" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
        ${parts.map(({ look, count }) => {
          const width = (count / total) * 1000;
          const x = from;
          from += width;
          const gap = from < 999.5 ? 4 : 0;
          return html`<rect class=${`key-${look}`} x=${x} y="0" width=${Math.max(0, width - gap)} height="10" />`;
        })}
      </svg>`}
    ${attendance_rate !== null && attendance_rate !== undefined && html`
      <p><strong>${t('statistics.rate', { rate: formatShare(attendance_rate) })}</strong>
        ${expected !== null && html` <span class="soft">${t('statistics.ofExpected', { count: expected })}</span>`}<br />
        <span class="soft small">${rate_formula === FORMULA ? t('statistics.formula') : rate_formula}</span></p>`}`;
}
