// The end of a list that goes on: a button, or why the next page did not come.
import { t } from '../i18n.js';
import { html } from '../view.js';
import { Alert } from './alert.js';
import { Button } from './button.js';

export function LoadMore({ cursor, busy, problem, onMore }) {
  if (!cursor && !problem) return null;
  return html`
    ${problem && html`<${Alert} kind="error">${problem.detail}<//>`}
    <div class="ledger-more"><${Button} look="button-plain" busy=${busy} onClick=${onMore} test="load-more">${t('action.more')}<//></div>`;
}
