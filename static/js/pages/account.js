// One's own account: who one is, how one signs in, where one is signed in, and what is kept.
import { MyData } from '../components/my-data.js';
import { PasswordChange } from '../components/password-change.js';
import { ProfileForm } from '../components/profile-form.js';
import { SecondFactor } from '../components/second-factor.js';
import { SessionsList } from '../components/sessions-list.js';
import { formatLongDay, t } from '../i18n.js';
import { useUser } from '../session.js';
import { html, useState } from '../view.js';

export default function Account() {
  const user = useUser();
  // A new password ends the other sessions: the list is made anew.
  const [passwords, setPasswords] = useState(0);
  if (!user) return null;
  return html`
    <div class="page-head"><div>
      <h1 tabindex="-1">${t('account.title')}</h1>
      <p class="soft">${t('profile.since', { role: t(`role.${user.role}`), date: formatLongDay(user.created_at) })}</p>
    </div></div>
    <div class="columns">
      <div class="stack"><${ProfileForm} /><${PasswordChange} onChanged=${() => setPasswords(passwords + 1)} /></div>
      <div class="stack"><${SecondFactor} /><${SessionsList} key=${passwords} /><${MyData} /></div>
    </div>`;
}
