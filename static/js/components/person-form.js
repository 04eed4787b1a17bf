// Changing who a person is. Only what was changed is sent, so that two people at work do not undo each other.
import { t } from '../i18n.js';
import { useSubmit } from '../loading.js';
import { signedCall } from '../session.js';
import { html, useState } from '../view.js';
import { Alert } from './alert.js';
import { FormProblem } from './form-problem.js';
import { PersonFields, trimmed } from './person-fields.js';
import { SubmitButton } from './submit-button.js';

const KEYS = ['name', 'surname', 'email', 'username', 'language'];
const fields = (person) => Object.fromEntries(KEYS.map((key) => [key, person[key] ?? '']));

export function PersonForm({ person, onPerson }) {
  const [form, setForm] = useState(() => fields(person));
  const [saved, setSaved] = useState(false);
  const write = (next) => {
    setSaved(false);
    setForm(next);
  };
  const { busy, problem, submit } = useSubmit(async () => {
    setSaved(false);
    const changes = Object.entries(trimmed(form)).filter(([key, value]) => value !== person[key]);
    if (changes.length) {
      const kept = await signedCall('PATCH', `/users/${person.id}`, { body: Object.fromEntries(changes) });
      onPerson(kept);
      setForm(fields(kept));
    }
    setSaved(true);
  });
  return html`
    <section class="panel section" aria-labelledby="details">
      <h2 id="details">${t('person.details')}</h2>
      <form class="form" onSubmit=${submit}>
        <${FormProblem} problem=${problem} fields=${['email', 'username']} test="person-problem" />
        <${PersonFields} person=${form} onPerson=${write} problem=${problem} />
        <div class="actions"><${SubmitButton} busy=${busy} problem=${problem} test="person-save">${t('action.save')}<//></div>
        <div role="status">${saved && html`<${Alert} kind="good" test="person-saved">${t('profile.saved')}<//>`}</div>
      </form>
    </section>`;
}
