// Changing one's own password.
import { t } from '../i18n.js';
import { useSubmit } from '../loading.js';
import { signedCall, useUser } from '../session.js';
import { html, useState } from '../view.js';
import { Alert } from './alert.js';
import { FormProblem } from './form-problem.js';
import { PasswordField } from './password-field.js';
import { SubmitButton } from './submit-button.js';
import { Username } from './username.js';

const EMPTY = { current: '', new: '' };

export function PasswordChange({ onChanged }) {
  const user = useUser();
  const [form, setForm] = useState(EMPTY);
  const [saved, setSaved] = useState(false);
  const { busy, problem, submit } = useSubmit(async () => {
    setSaved(false);
    await signedCall('POST', '/auth/password', { body: form });
    setForm(EMPTY);
    setSaved(true);
    onChanged?.();
  });
  const bind = (key) => ({
    value: form[key], onValue: (value) => setForm((old) => ({ ...old, [key]: value })), error: problem?.about(key), test: `password-${key}`,
  });
  return html`
    <section class="panel section" aria-labelledby="password">
      <h2 id="password">${t('password.title')}</h2>
      <form class="form" onSubmit=${submit}>
        <${FormProblem} problem=${problem} fields=${['current', 'new']} test="password-problem" />
        <${Username} value=${user?.email} />
        <${PasswordField} label=${t('password.current')} name="current-password" autocomplete="current-password" ...${bind('current')} />
        <${PasswordField} label=${t('password.new')} hint=${t('field.passwordHint')} name="new-password" autocomplete="new-password" minlength="8" ...${bind('new')} />
        <div class="actions"><${SubmitButton} busy=${busy} problem=${problem} look="button-plain" test="password-submit">${t('password.submit')}<//></div>
        <div role="status">${saved && html`<${Alert} kind="good" test="password-saved">${t('password.saved')}<//>`}</div>
      </form>
    </section>`;
}
