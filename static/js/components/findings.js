// What somebody should know, the worst first; or that there is nothing.
import { html } from '../view.js';
import { Icon } from './icon.js';

const WORST_FIRST = ['alarm', 'attention', 'ok'];
const KINDS = { alarm: 'error', attention: 'warning', ok: 'good' };

export function Findings({ findings, nothing }) {
  const sorted = findings.toSorted((a, b) => WORST_FIRST.indexOf(a.level) - WORST_FIRST.indexOf(b.level));
  if (!sorted.length) return html`<p class="findings-none"><${Icon} name="check" size=${20} />${nothing}</p>`;
  return html`
    <ul class="findings" role="list">
      ${sorted.map(({ level, code, text }) => html`
        <li key=${code} class=${`alert alert-${KINDS[level]}`} data-test="finding" data-code=${code}>
          <${Icon} name="warning" /><div><p>${text}</p></div>
        </li>`)}
    </ul>`;
}
