// The frame around the pages of somebody signed in: the bar, the tabs, the page itself.
import { t } from '../i18n.js';
import { useInstance } from '../instance.js';
import { useSubmit } from '../loading.js';
import { navigate } from '../router.js';
import { isAdmin, isStaff, signOut, useUser } from '../session.js';
import { html, ICON } from '../view.js';
import { Alert } from './alert.js';
import { Button } from './button.js';
import { Icon } from './icon.js';
import { LanguageSwitch } from './language-switch.js';

const TABS = [
  { href: '/', icon: 'home', label: 'nav.home', test: 'nav-home' },
  { href: '/app/scan', icon: 'scan', label: 'nav.scan', test: 'nav-scan' },
  { href: '/app/events', icon: 'events', label: 'nav.events', test: 'nav-events', staff: true },
  { href: '/app/people', icon: 'people', label: 'nav.people', test: 'nav-people', staff: true, also: ['/app/invitations', '/app/keys'] },
  { href: '/app/system', icon: 'pulse', label: 'nav.system', test: 'nav-system', admin: true },
  { href: '/app/account', icon: 'profile', label: 'nav.account', test: 'nav-profile', also: ['/app/profile'] },
];

export function Shell({ path, children }) {
  const user = useUser();
  const instance = useInstance();
  const leaving = useSubmit(async () => {
    await signOut();
    navigate('/app/sign-in');
  });
  const here = ({ href, also = [] }) => (href === '/'
    ? path === '/' || path === '/app'
    : [href, ...also].some((start) => path.startsWith(start)));
  return html`
    <div class="shell shell-tabbed">
      <a class="skip-link unseen" href="#main">${t('nav.skip')}</a>
      <header class="bar">
        <div class="bar-inner">
          <a class="brand" href="/"><img src=${ICON} width="36" height="36" alt="" /><span>${instance?.name ?? 'Appliance'}</span></a>
          <nav class="tabs" aria-label=${t('nav.label')}>
            ${TABS.filter((tab) => (!tab.staff || isStaff(user)) && (!tab.admin || isAdmin(user))).map((tab) => html`
              <a href=${tab.href} aria-current=${here(tab) ? 'page' : undefined} data-test=${tab.test}>
                <${Icon} name=${tab.icon} /><span>${t(tab.label)}</span>
              </a>`)}
          </nav>
          <${LanguageSwitch} />
          <${Button} look="button-quiet" busy=${leaving.busy} onClick=${leaving.submit} test="logout" title=${t('nav.signOut')}>
            <${Icon} name="out" /><span>${t('nav.signOut')}</span>
          <//>
        </div>
      </header>
      <main class="page" id="main" tabindex="-1">
        ${leaving.problem && html`<${Alert} kind="error">${leaving.problem.detail}<//>`}
        ${children}
      </main>
    </div>`;
}
