// English or Italian. A signed-in person's choice is also saved in the profile, which wins at the
// next sign-in.
import { LANGUAGES, setLanguage, t, useLanguage } from '../i18n.js';
import { saveProfile, useUser } from '../session.js';
import { html } from '../view.js';

const NAMES = { en: 'English', it: 'Italiano' };

export function LanguageSwitch() {
  const current = useLanguage();
  const user = useUser();
  const choose = async (code) => {
    await setLanguage(code);
    // The page is already in the chosen language; if saving fails the next sign-in will tell.
    if (user && user.language !== code) saveProfile({ language: code }).catch(() => {});
  };
  return html`
    <div class="language" role="group" aria-label=${t('language.label')} data-test="language-switch">
      ${LANGUAGES.map((code) => html`
        <button type="button" lang=${code} aria-pressed=${String(code === current)} data-language=${code}
          onClick=${() => choose(code)}>${code.toUpperCase()}<span class="unseen"> ${NAMES[code]}</span></button>`)}
    </div>`;
}
