// The fields of a new account, the same for the first administrator and for everybody else.
import { t } from '../i18n.js';
import { html } from '../view.js';
import { Field } from './field.js';
import { PasswordField } from './password-field.js';

export const emptyAccount = { name: '', surname: '', email: '', username: '', password: '' };

// What the server wants of it: trimmed, and no username when none was written.
export function accountBody({ name, surname, email, username, password }) {
  const body = { name: name.trim(), surname: surname.trim(), email: email.trim(), password };
  return username.trim() ? { ...body, username: username.trim() } : body;
}

export function AccountFields({ account, onAccount, problem }) {
  const bind = (key) => ({
    value: account[key],
    onValue: (value) => onAccount({ ...account, [key]: value }),
    error: problem?.about(key),
    test: `register-${key}`,
  });
  return html`
    <div class="field-pair">
      <${Field} label=${t('field.name')} name="given-name" autocomplete="given-name" required maxlength="100" ...${bind('name')} />
      <${Field} label=${t('field.surname')} name="family-name" autocomplete="family-name" required maxlength="100" ...${bind('surname')} />
    </div>
    <${Field} label=${t('field.email')} type="email" name="email" autocomplete="email" inputmode="email" required ...${bind('email')} />
    <${Field} label=${t('field.username')} optional hint=${t('field.usernameHint')} name="username" autocomplete="username"
      autocapitalize="none" autocorrect="off" spellcheck=${false} ...${bind('username')} />
    <${PasswordField} label=${t('field.password')} hint=${t('field.passwordHint')} name="password" autocomplete="new-password"
      minlength="8" ...${bind('password')} />`;
}
