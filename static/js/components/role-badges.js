// What a person may do here, where that is more than usual, and whether the account is switched off.
import { t } from '../i18n.js';
import { html } from '../view.js';
import { Icon } from './icon.js';

const LOOKS = { admin: ['badge-present', 'shield'], staff: ['badge-excused', 'events'] };

export function RoleBadges({ person, always = false }) {
  if (!always && person.role === 'user' && person.status !== 'disabled') return html`<span class="badges"></span>`;
  const [look, icon] = LOOKS[person.role] ?? ['', 'profile'];
  return html`
    <span class="badges">
      ${(always || person.role !== 'user') && html`<span class=${`badge ${look}`} data-role=${person.role}><${Icon} name=${icon} size=${16} />${t(`role.${person.role}`)}</span>`}
      ${person.status === 'disabled' && html`<span class="badge badge-absent" data-status="disabled"><${Icon} name="cross" size=${16} />${t('people.disabled')}</span>`}
    </span>`;
}
