// One's own name, username and language.
import { Alert } from '../components/alert.js';
import { Button } from '../components/button.js';
import { Field } from '../components/field.js';
import { currentLanguage, formatLongDay, setLanguage, t } from '../i18n.js';
import { useSubmit } from '../loading.js';
import { saveProfile, useUser } from '../session.js';
import { html, useEffect, useState } from '../view.js';

export default function Profile() {
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
    <div class="page-narrow">
      <div class="page-head"><div>
        <h1 tabindex="-1">${t('profile.title')}</h1>
        <p class="soft">${t('profile.since', { role: t(`role.${user.role}`), date: formatLongDay(user.created_at) })}</p>
      </div></div>
      <form class="form panel" onSubmit=${submit}>
        ${problem && html`<${Alert} kind="error">${problem.detail}<//>`}
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
    </div>`;
}

function fields(user) {
  return { name: user?.name ?? '', surname: user?.surname ?? '', username: user?.username ?? '', language: user?.language ?? currentLanguage() };
}
