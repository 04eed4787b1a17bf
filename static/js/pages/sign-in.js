// Signing in.
import { Alert } from '../components/alert.js';
import { ArrivalNotice } from '../components/arrival-notice.js';
import { Button } from '../components/button.js';
import { Field } from '../components/field.js';
import { PasswordField } from '../components/password-field.js';
import { t } from '../i18n.js';
import { useInstance } from '../instance.js';
import { useSubmit } from '../loading.js';
import { signIn } from '../session.js';
import { html, useState } from '../view.js';

export default function SignIn({ query }) {
  const instance = useInstance();
  const [identifier, setIdentifier] = useState('');
  const [password, setPassword] = useState('');
  const { busy, problem, submit } = useSubmit(() => signIn(identifier.trim(), password));
  return html`
    <h1 tabindex="-1">${t('signIn.title')}</h1>
    <${ArrivalNotice} />
    ${instance?.setup_required && html`<${Alert} kind="warning" test="setup-required">${t('signIn.setup')}<//>`}
    <form class="form" onSubmit=${submit}>
      ${problem && html`<${Alert} kind="error" test="login-problem">${problem.detail}<//>`}
      <${Field} label=${t('signIn.identifier')} value=${identifier} onValue=${setIdentifier} error=${problem?.about('identifier')}
        name="username" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck=${false} required test="login-identifier" />
      <${PasswordField} label=${t('field.password')} value=${password} onValue=${setPassword} error=${problem?.about('password')}
        name="password" autocomplete="current-password" test="login-password" />
      <${Button} type="submit" look="button-wide" busy=${busy} test="login-submit">${t('signIn.submit')}<//>
    </form>
    ${instance && html`<p class="soft">
      ${instance.registration === 'closed'
        ? t('signIn.closed')
        : html`${t('signIn.newHere')} <a href=${`/app/register${query}`} data-test="go-register">${t('signIn.register')}</a>`}
    </p>`}`;
}
