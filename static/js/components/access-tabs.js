// The pages about who may come in, side by side: people, invitations, keys.
import { t } from '../i18n.js';
import { isAdmin, useUser } from '../session.js';
import { html } from '../view.js';
import { Icon } from './icon.js';

const TABS = [
  { href: '/app/people', icon: 'people', label: 'people.title', test: 'tab-people' },
  { href: '/app/invitations', icon: 'mail', label: 'invitations.title', test: 'tab-invitations' },
  { href: '/app/keys', icon: 'key', label: 'keys.title', test: 'tab-keys' },
];

export function AccessTabs({ here }) {
  const user = useUser();
  if (!isAdmin(user)) return null;
  return html`
    <nav class="subtabs" aria-label=${t('people.area')}>
      ${TABS.map((tab) => html`
        <a href=${tab.href} aria-current=${tab.href === here ? 'page' : undefined} data-test=${tab.test}><${Icon} name=${tab.icon} size=${20} /><span>${t(tab.label)}</span></a>`)}
    </nav>`;
}
