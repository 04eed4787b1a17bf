// One's own name, username and language, to be changed.
import { currentLanguage, setLanguage, t } from '../i18n.js';
import { useSubmit } from '../loading.js';
import { saveProfile, useUser } from '../session.js';
import { html, useEffect, useState } from '../view.js';
import { Alert } from './alert.js';
import { Button } from './button.js';
import { Field } from './field.js';
import { FormProblem } from './form-problem.js';

export function ProfileForm() {
  const user = useUser();
  const [form, setForm] = useState(() => fields(user));
  const [saved, setSaved] = useState(false);
  // The language can also be changed from the bar.
  useEffect(() => { setForm((old) => ({ ...old, language: user?.language ?? currentLanguage() })); }, [user?.language]);
  const { busy, problem, submit } = useSubmit(async () => {
    setSaved(false);
    const kept = await saveProfile({
      name: form.name.trim(), surname: form.surname.trim(), username: form.username.trim(), language: form.language,
    });
    await setLanguage(kept.language ?? form.language);
    setForm(fields(kept));
    setSaved(true);
  });
  const bind = (key) => ({
    value: form[key],
    onValue: (value) => { setSaved(false); setForm({ ...form, [key]: value }); },
    error: problem?.about(key),
    test: `profile-${key}`,
  });
  if (!user) return null;
  return html`
    <section class="panel section" aria-labelledby="profile">
      <h2 id="profile">${t('profile.title')}</h2>
      <form class="form" onSubmit=${submit}>
        <${FormProblem} problem=${problem} fields=${['username']} test="profile-problem" />
        <div class="field-pair">
          <${Field} label=${t('field.name')} autocomplete="given-name" required maxlength="100" ...${bind('name')} />
          <${Field} label=${t('field.surname')} autocomplete="family-name" required maxlength="100" ...${bind('surname')} />
        </div>
        <${Field} label=${t('field.username')} autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck=${false} required ...${bind('username')} />
        <${Field} label=${t('field.email')} value=${user.email} readonly hint=${t('profile.emailHint')} />
        <${Field} label=${t('language.label')} ...${bind('language')}>
          <option value="en">English</option>
          <option value="it">Italiano</option>
        <//>
        <div class="actions"><${Button} type="submit" busy=${busy} test="profile-submit">${t('action.save')}<//></div>
        <div role="status">${saved && html`<${Alert} kind="good" test="profile-saved">${t('profile.saved')}<//>`}</div>
      </form>
    </section>`;
}

function fields(user) {
  return { name: user?.name ?? '', surname: user?.surname ?? '', username: user?.username ?? '', language: user?.language ?? currentLanguage() };
}
