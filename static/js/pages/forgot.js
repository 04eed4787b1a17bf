// Asking for a link to a new password. The answer is the same whether or not the address has an account.
import { call } from '../api.js';
import { Alert } from '../components/alert.js';
import { Field } from '../components/field.js';
import { FormProblem } from '../components/form-problem.js';
import { Icon } from '../components/icon.js';
import { SubmitButton } from '../components/submit-button.js';
import { t } from '../i18n.js';
import { useInstance } from '../instance.js';
import { useSubmit } from '../loading.js';
import { html, useEffect, useRef, useState } from '../view.js';

export default function Forgot({ query }) {
  const instance = useInstance();
  const [email, setEmail] = useState('');
  const [sent, setSent] = useState(false);
  const { busy, problem, submit } = useSubmit(async () => {
    await call('POST', '/auth/password/forgot', { body: { email: email.trim() } });
    setSent(true);
  });
  const back = html`<p class="soft"><a href=${`/app/sign-in${query}`} data-test="forgot-back">${t('forgot.back')}</a></p>`;
  if (sent) return html`<${Sent} email=${email.trim()} onAgain=${() => setSent(false)} />${back}`;
  if (instance && !instance.password_mail) {
    return html`<h1 tabindex="-1">${t('forgot.title')}</h1><${Alert} test="forgot-off">${t('forgot.off')}<//>${back}`;
  }
  return html`
    <div class="gate-title"><h1 tabindex="-1">${t('forgot.title')}</h1><p class="soft">${t('forgot.note')}</p></div>
    <form class="form" onSubmit=${submit}>
      <${FormProblem} problem=${problem} fields=${['email']} test="forgot-problem" />
      <${Field} label=${t('field.email')} type="email" name="email" autocomplete="username" inputmode="email" required value=${email}
        onValue=${setEmail} error=${problem?.about('email')} test="forgot-email" />
      <${SubmitButton} look="button-wide" busy=${busy} problem=${problem} test="forgot-submit">${t('forgot.submit')}<//>
    </form>
    ${back}`;
}

function Sent({ email, onAgain }) {
  const heading = useRef(null);
  useEffect(() => { heading.current.focus(); }, []);
  return html`
    <div class="sent" data-test="forgot-sent">
      <${Icon} name="mail" size=${44} />
      <h1 ref=${heading} tabindex="-1">${t('forgot.sent')}</h1>
      <p class="soft">${t('forgot.sentNote', { email })}</p>
      <p class="soft">${t('forgot.nothing')} <button type="button" class="link-button" onClick=${onAgain}>${t('forgot.again')}</button></p>
    </div>`;
}
