// A new password by a link. Its token is taken out of the address bar before anything else, so that it is left
// in no history, no bookmark and no screenshot.
import { call } from '../api.js';
import { Alert } from '../components/alert.js';
import { FormProblem } from '../components/form-problem.js';
import { PasswordField } from '../components/password-field.js';
import { SubmitButton } from '../components/submit-button.js';
import { t } from '../i18n.js';
import { useInstance } from '../instance.js';
import { useSubmit } from '../loading.js';
import { fragment, onFragment } from '../router.js';
import { forgetSession } from '../session.js';
import { html, useEffect, useRef, useState } from '../view.js';

export default function Reset() {
  const [token, setToken] = useState(() => fragment({ take: true }));
  const [password, setPassword] = useState('');
  const [done, setDone] = useState(false);
  const { busy, problem, submit, forget } = useSubmit(async () => {
    await call('POST', '/auth/password/reset', { body: { token, new: password } });
    setDone(true);
    forgetSession();
  });
  useEffect(() => onFragment(() => {
    setToken(fragment({ take: true }));
    setDone(false);
    forget();
  }), []);

  if (done) return html`<${Done} />`;
  if (!token) return html`<h1 tabindex="-1">${t('reset.title')}</h1><${Alert} kind="warning" test="reset-missing">${t('reset.missing')}<//><${Another} />`;
  const over = problem?.code === 'RESET_INVALID';
  return html`
    <div class="gate-title"><h1 tabindex="-1">${t('reset.title')}</h1>${!over && html`<p class="soft">${t('reset.note')}</p>`}</div>
    ${over
      ? html`<${Alert} kind="error" test="reset-problem">${problem.detail}<//><${Another} />`
      : html`
        <form class="form" onSubmit=${submit}>
          <${FormProblem} problem=${problem} fields=${['new']} test="reset-problem" />
          <${PasswordField} label=${t('password.new')} hint=${t('field.passwordHint')} value=${password} onValue=${setPassword}
            error=${problem?.about('new')} name="new-password" autocomplete="new-password" minlength="8" test="reset-password" />
          <${SubmitButton} look="button-wide" busy=${busy} problem=${problem} test="reset-submit">${t('reset.submit')}<//>
        </form>`}`;
}

function Done() {
  const heading = useRef(null);
  useEffect(() => { heading.current.focus(); }, []);
  return html`
    <h1 ref=${heading} tabindex="-1">${t('reset.done')}</h1>
    <${Alert} kind="good" test="reset-done">${t('reset.doneNote')}<//>
    <a class="button button-wide" href="/app/sign-in" data-test="reset-sign-in">${t('signIn.title')}</a>`;
}

function Another() {
  const instance = useInstance();
  return html`<p class="soft">${instance?.password_mail
    ? html`<a href="/app/forgot">${t('reset.another')}</a>`
    : t('forgot.off')}</p>`;
}
