// The first administrator. The link that the server prints carries its token in the fragment, which
// a browser never sends to anybody.
import { call } from '../api.js';
import { AccountFields, accountBody, emptyAccount } from '../components/account-fields.js';
import { Alert } from '../components/alert.js';
import { Button } from '../components/button.js';
import { Field } from '../components/field.js';
import { t } from '../i18n.js';
import { loadInstance, useInstance } from '../instance.js';
import { useSubmit } from '../loading.js';
import { signIn } from '../session.js';
import { html, useState } from '../view.js';

export default function Setup() {
  const instance = useInstance();
  const [linked] = useState(() => decodeURIComponent(location.hash.slice(1)));
  const [pasted, setPasted] = useState('');
  const [account, setAccount] = useState(emptyAccount);
  const { busy, problem, submit } = useSubmit(async () => {
    await call('POST', '/setup', { body: { ...accountBody(account), token: linked || tokenIn(pasted) } });
    await signIn(account.email.trim(), account.password);
    loadInstance();
  });
  if (instance && !instance.setup_required) {
    return html`
      <h1 tabindex="-1">${t('setup.title')}</h1>
      <${Alert} test="setup-done">${t('setup.done')}<//>
      <p><a href="/app/sign-in">${t('signIn.title')}</a></p>`;
  }
  return html`
    <h1 tabindex="-1">${t('setup.title')}</h1>
    <p class="soft">${t('setup.intro')}</p>
    <form class="form" onSubmit=${submit}>
      ${problem && html`<${Alert} kind="error" test="setup-problem">${problem.detail}<//>`}
      ${!linked && html`<${Field} label=${t('setup.token')} hint=${t('setup.tokenHint')} value=${pasted} onValue=${setPasted}
        error=${problem?.about('token')} autocomplete="off" autocapitalize="none" spellcheck=${false} required test="setup-token" />`}
      <${AccountFields} account=${account} onAccount=${setAccount} problem=${problem} />
      <${Button} type="submit" look="button-wide" busy=${busy} test="register-submit">${t('setup.submit')}<//>
    </form>`;
}

// People paste the whole link as often as its end.
const tokenIn = (text) => text.trim().split('#').pop();
