// The frame around the pages of somebody not signed in: the blackboard on one side, the form on the other.
import { t } from '../i18n.js';
import { useInstance } from '../instance.js';
import { html, ICON } from '../view.js';
import { LanguageSwitch } from './language-switch.js';

export function Gate({ children }) {
  const instance = useInstance();
  return html`
    <div class="shell">
      <div class="gate">
        <header class="gate-board">
          <a class="brand" href="/"><img src=${ICON} width="40" height="40" alt="" /><span>${instance?.name ?? 'Appliance'}</span></a>
          <svg class="gate-art" viewBox="0 0 160 160" aria-hidden="true">
            <path d="M4 40V20A16 16 0 0 1 20 4h20" /><path d="M120 4h20a16 16 0 0 1 16 16v20" />
            <path d="M156 120v20a16 16 0 0 1-16 16h-20" /><path d="M40 156H20a16 16 0 0 1-16-16v-20" />
            <path d="M32 38a6 6 0 0 1 6-6h20a6 6 0 0 1 6 6v20a6 6 0 0 1-6 6H38a6 6 0 0 1-6-6z" /><path d="M46 46h4v4h-4z" />
            <path d="M96 38a6 6 0 0 1 6-6h20a6 6 0 0 1 6 6v20a6 6 0 0 1-6 6h-20a6 6 0 0 1-6-6z" /><path d="M110 46h4v4h-4z" />
            <path d="M32 102a6 6 0 0 1 6-6h20a6 6 0 0 1 6 6v20a6 6 0 0 1-6 6H38a6 6 0 0 1-6-6z" /><path d="M46 110h4v4h-4z" />
            <path class="gate-tick" d="M88 108l13 13 29-34" />
          </svg>
          <p>${t('gate.promise')}</p>
          <small>${t('gate.note')}</small>
        </header>
        <div class="gate-main">
          <section class="gate-language" aria-label=${t('language.label')}><${LanguageSwitch} /></section>
          <main class="gate-form">${children}</main>
        </div>
      </div>
    </div>`;
}
