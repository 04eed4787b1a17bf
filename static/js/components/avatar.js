// A person's initials, to find a row by. They repeat the name beside them.
import { html } from '../view.js';
import { currentLanguage } from '../i18n.js';

export function Avatar({ person, large = false }) {
  const initial = (text) => [...(text ?? '').trim()][0] ?? '';
  const initials = `${initial(person.name)}${initial(person.surname)}`.toLocaleUpperCase(currentLanguage());
  return html`<span class=${`medallion ${large ? 'medallion-large' : ''} ${person.status === 'disabled' ? 'medallion-off' : ''}`} aria-hidden="true">${initials}</span>`;
}
