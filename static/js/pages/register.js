// Making an account, then straight into it.
import { call } from '../api.js';
import { AccountFields, accountBody, emptyAccount } from '../components/account-fields.js';
import { Alert } from '../components/alert.js';
import { ArrivalNotice } from '../components/arrival-notice.js';
import { Button } from '../components/button.js';
import { t } from '../i18n.js';
import { useInstance } from '../instance.js';
import { useSubmit } from '../loading.js';
import { signIn } from '../session.js';
import { html, useState } from '../view.js';

export default function Register({ query }) {
  const instance = useInstance();
  const [account, setAccount] = useState(emptyAccount);
  const { busy, problem, submit } = useSubmit(async () => {
    await call('POST', '/auth/register', { body: accountBody(account) });
    await signIn(account.email.trim(), account.password);
  });
  const back = html`<p class="soft">${t('register.haveOne')} <a href=${`/app/sign-in${query}`}>${t('signIn.title')}</a></p>`;
  if (instance?.registration === 'closed') {
    return html`<h1 tabindex="-1">${t('register.title')}</h1><${Alert}>${t('signIn.closed')}<//>${back}`;
  }
  return html`
    <h1 tabindex="-1">${t('register.title')}</h1>
    <${ArrivalNotice} />
    <form class="form" onSubmit=${submit}>
      ${problem && html`<${Alert} kind="error" test="register-problem">${problem.detail}<//>`}
      <${AccountFields} account=${account} onAccount=${setAccount} problem=${problem} />
      <${Button} type="submit" look="button-wide" busy=${busy} test="register-submit">${t('register.submit')}<//>
    </form>
    ${back}`;
}
