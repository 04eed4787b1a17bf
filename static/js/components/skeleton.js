// Grey lines where text will be.
import { t } from '../i18n.js';
import { html } from '../view.js';

export function Skeleton({ lines = 6 }) {
  return html`
    <div class="skeleton" role="status">
      <span class="unseen">${t('loading')}</span>
      ${Array.from({ length: lines }, () => html`<span aria-hidden="true"></span>`)}
    </div>`;
}
