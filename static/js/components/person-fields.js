// The fields of somebody else's account, when it is made and when it is changed.
import { t } from '../i18n.js';
import { html } from '../view.js';
import { Field } from './field.js';

export function PersonFields({ person, onPerson, problem, made = true }) {
  const bind = (key) => ({
    value: person[key], onValue: (value) => onPerson({ ...person, [key]: value }), error: problem?.about(key), test: `person-${key}`,
  });
  // These are not the reader's own: no browser should fill them in.
  const off = { autocomplete: 'off', autocapitalize: 'none', autocorrect: 'off', spellcheck: false };
  return html`
    <div class="field-pair">
      <${Field} label=${t('field.name')} autocomplete="off" required maxlength="80" ...${bind('name')} />
      <${Field} label=${t('field.surname')} autocomplete="off" required maxlength="80" ...${bind('surname')} />
    </div>
    <${Field} label=${t('field.email')} type="email" inputmode="email" required ...${off} ...${bind('email')} />
    <div class="field-pair">
      <${Field} label=${t('field.username')} optional=${!made} required=${made} hint=${made ? null : t('person.usernameHint')} ...${off} ...${bind('username')} />
      <${Field} label=${t('language.label')} ...${bind('language')}>
        <option value="en">English</option>
        <option value="it">Italiano</option>
      <//>
    </div>`;
}

// The same without the blanks around it.
export const trimmed = (person) => Object.fromEntries(Object.entries(person).map(([key, value]) => [key, value.trim()]));
