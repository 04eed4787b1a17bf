// Signing in: the password, then a code when the account has a second factor.
import { Alert } from '../components/alert.js';
import { ArrivalNotice } from '../components/arrival-notice.js';
import { CodeField, codeOf } from '../components/code-field.js';
import { Field } from '../components/field.js';
import { FormProblem } from '../components/form-problem.js';
import { PasswordField } from '../components/password-field.js';
import { SubmitButton } from '../components/submit-button.js';
import { t } from '../i18n.js';
import { useInstance } from '../instance.js';
import { useSubmit } from '../loading.js';
import { signIn } from '../session.js';
import { html, useState } from '../view.js';

export default function SignIn({ query }) {
  const [account, setAccount] = useState({ identifier: '', password: '' });
  const [asked, setAsked] = useState(false);
  return asked
    ? html`<${Code} account=${account} onBack=${() => { setAccount({ ...account, password: '' }); setAsked(false); }} />`
    : html`<${Password} account=${account} onAccount=${setAccount} onAsked=${() => setAsked(true)} query=${query} />`;
}

function Password({ account, onAccount, onAsked, query }) {
  const instance = useInstance();
  const { busy, problem, submit } = useSubmit(async () => {
    try {
      await signIn(account.identifier.trim(), account.password);
    } catch (refused) {
      if (refused.code !== 'TOTP_REQUIRED') throw refused;
      onAsked();
    }
  });
  const set = (key) => (value) => onAccount((old) => ({ ...old, [key]: value }));
  return html`
    <h1 tabindex="-1">${t('signIn.title')}</h1>
    <${ArrivalNotice} />
    ${instance?.setup_required && html`<${Alert} kind="warning" test="setup-required">${t('signIn.setup')}<//>`}
    <form class="form" onSubmit=${submit}>
      <${FormProblem} problem=${problem} test="login-problem" />
      <${Field} label=${t('signIn.identifier')} value=${account.identifier} onValue=${set('identifier')} error=${problem?.about('identifier')}
        name="username" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck=${false} required test="login-identifier" />
      <${PasswordField} label=${t('field.password')} value=${account.password} onValue=${set('password')} error=${problem?.about('password')}
        name="password" autocomplete="current-password" test="login-password" />
      ${instance?.password_mail && html`<p class="forgot"><a href=${`/app/forgot${query}`} data-test="go-forgot">${t('signIn.forgot')}</a></p>`}
      <${SubmitButton} look="button-wide" busy=${busy} problem=${problem} test="login-submit">${t('signIn.submit')}<//>
    </form>
    ${instance && html`<p class="soft">
      ${instance.registration === 'closed'
        ? t('signIn.closed')
        : html`${t(instance.registration === 'invite' ? 'signIn.invited' : 'signIn.newHere')} <a href=${`/app/register${query}`} data-test="go-register">${t('signIn.register')}</a>`}
    </p>`}`;
}

function Code({ account, onBack }) {
  const [code, setCode] = useState('');
  const { busy, problem, submit } = useSubmit(() => signIn(account.identifier.trim(), account.password, codeOf(code)));
  return html`
    <div class="gate-title"><h1 tabindex="-1">${t('signIn.code')}</h1><p class="soft">${t('signIn.codeNote')}</p></div>
    <form class="form" onSubmit=${submit}>
      <${FormProblem} problem=${problem} fields=${['totp']} test="login-problem" />
      <${CodeField} value=${code} onValue=${setCode} error=${problem?.about('totp')} focus test="login-code" />
      <${SubmitButton} look="button-wide" busy=${busy} problem=${problem} test="login-code-submit">${t('signIn.submit')}<//>
    </form>
    <p class="soft"><button type="button" class="link-button" onClick=${onBack} data-test="login-back">${t('signIn.other')}</button></p>`;
}
