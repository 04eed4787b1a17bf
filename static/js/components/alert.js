// A sentence that matters now: a problem (announced at once) or news (announced politely).
import { html } from '../view.js';
import { Icon } from './icon.js';

const ICONS = { info: 'info', error: 'warning', good: 'check', warning: 'warning' };

export function Alert({ kind = 'info', test, children }) {
  return html`
    <div class=${`alert alert-${kind}`} role=${kind === 'error' ? 'alert' : 'status'} data-test=${test}>
      <${Icon} name=${ICONS[kind]} />
      <div><p>${children}</p></div>
    </div>`;
}
