// Making an account, then straight into it. An invitation comes with the link or is written into a field.
import { call } from '../api.js';
import { AccountFields, accountBody, emptyAccount } from '../components/account-fields.js';
import { Alert } from '../components/alert.js';
import { ArrivalNotice } from '../components/arrival-notice.js';
import { Field } from '../components/field.js';
import { FormProblem } from '../components/form-problem.js';
import { SubmitButton } from '../components/submit-button.js';
import { t } from '../i18n.js';
import { useInstance } from '../instance.js';
import { useSubmit } from '../loading.js';
import { fragment, onFragment } from '../router.js';
import { signIn } from '../session.js';
import { html, useEffect, useState } from '../view.js';

export default function Register({ query }) {
  const instance = useInstance();
  const [linked, setLinked] = useState(fragment);
  const [pasted, setPasted] = useState('');
  const [account, setAccount] = useState(emptyAccount);
  useEffect(() => onFragment(() => setLinked(fragment())), []);
  const { busy, problem, submit } = useSubmit(async () => {
    const invite = pasted.trim() ? codeIn(pasted) : linked || undefined;
    await call('POST', '/auth/register', { body: { ...accountBody(account), invite } });
    await signIn(account.email.trim(), account.password);
  });
  const back = html`<p class="soft">${t('register.haveOne')} <a href=${`/app/sign-in${query}`}>${t('signIn.title')}</a></p>`;
  if (instance?.registration === 'closed') {
    return html`<h1 tabindex="-1">${t('register.title')}</h1><${Alert} test="register-closed">${t('signIn.closed')}<//>${back}`;
  }
  // A link whose invitation was refused may be followed by one that is written.
  const writes = (instance?.registration === 'invite' && !linked) || Boolean(problem?.about('invite'));
  return html`
    <h1 tabindex="-1">${t('register.title')}</h1>
    <${ArrivalNotice} />
    ${linked && !writes && html`<${Alert} kind="good" test="register-invited">${t('register.invited')}<//>`}
    <form class="form" onSubmit=${submit}>
      <${FormProblem} problem=${problem} fields=${['invite', 'email', 'username']} test="register-problem" />
      ${writes && html`<${Field} label=${t('register.invite')} hint=${t('register.inviteHint')} value=${pasted} onValue=${setPasted} error=${problem?.about('invite')}
        name="invite" autocomplete="off" autocapitalize="characters" autocorrect="off" spellcheck=${false} required test="register-invite" />`}
      <${AccountFields} account=${account} onAccount=${setAccount} problem=${problem} />
      <${SubmitButton} look="button-wide" busy=${busy} problem=${problem} test="register-submit">${t('register.submit')}<//>
    </form>
    ${back}`;
}

// People paste the whole link as often as its end.
const codeIn = (text) => text.trim().split('#').pop();
