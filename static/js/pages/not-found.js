// No such page, or not one for this person.
import { t } from '../i18n.js';
import { html } from '../view.js';

export default function NotFound() {
  return html`
    <div class="lost" data-test="not-found">
      <h1 tabindex="-1">${t('lost.title')}</h1>
      <p>${t('lost.note')}</p>
      <a class="button" href="/">${t('lost.home')}</a>
    </div>`;
}
