// An account for somebody else. Without a password that person gets a link to choose one.
import { Choice } from '../components/choice.js';
import { Field } from '../components/field.js';
import { FormProblem } from '../components/form-problem.js';
import { Icon } from '../components/icon.js';
import { PasswordField } from '../components/password-field.js';
import { PersonFields, trimmed } from '../components/person-fields.js';
import { SecretOnce } from '../components/secret-once.js';
import { SubmitButton } from '../components/submit-button.js';
import { currentLanguage, formatDayTime, t } from '../i18n.js';
import { useSubmit } from '../loading.js';
import { navigate } from '../router.js';
import { signedCall } from '../session.js';
import { html, useState } from '../view.js';

const EMPTY = { name: '', surname: '', email: '', username: '' };
const ROLES = ['user', 'staff', 'admin'];

export default function NewPerson() {
  const [person, setPerson] = useState(() => ({ ...EMPTY, language: currentLanguage() }));
  const [role, setRole] = useState('user');
  const [way, setWay] = useState('link');
  const [password, setPassword] = useState('');
  const [made, setMade] = useState(null);
  const { busy, problem, submit } = useSubmit(async () => {
    const { username, ...rest } = trimmed(person);
    const body = { ...rest, role };
    if (username) body.username = username;
    if (way === 'password') body.password = password;
    const answer = await signedCall('POST', '/users', { body });
    if (answer.reset) setMade(answer);
    else navigate(`/app/people/${answer.user.id}`, { replace: true });
  });
  const back = html`<a class="back" href="/app/people"><${Icon} name="back" size=${20} />${t('people.title')}</a>`;
  if (made) {
    const name = `${made.user.name} ${made.user.surname}`.trim();
    return html`
      <div class="page-narrow">
        ${back}
        <div class="page-head"><h1 tabindex="-1">${t('newPerson.made', { name })}</h1></div>
        <div class="panel">
          <${SecretOnce} icon="link" title=${t('person.linkTitle')} text=${made.reset.url} test="person-link"
            onDone=${() => navigate(`/app/people/${made.user.id}`, { replace: true })}>
            ${t('person.linkMade', { name, time: formatDayTime(made.reset.expires_at) })}<//>
        </div>
      </div>`;
  }
  return html`
    <div class="page-narrow">
      ${back}
      <div class="page-head"><h1 tabindex="-1">${t('newPerson.title')}</h1></div>
      <form class="form" onSubmit=${submit}>
        <${FormProblem} problem=${problem} fields=${['email', 'username']} test="person-problem" />
        <${PersonFields} person=${person} onPerson=${setPerson} problem=${problem} made=${false} />
        <${Field} label=${t('people.role')} hint=${t(`person.role.${role}`)} value=${role} onValue=${setRole} error=${problem?.about('role')} test="person-role">
          ${ROLES.map((name) => html`<option value=${name}>${t(`role.${name}`)}</option>`)}
        <//>
        <fieldset>
          <legend class="field-label">${t('field.password')}</legend>
          <div class="choices choices-two">
            <${Choice} name="way" value="link" chosen=${way} onChoose=${setWay} test="person-way-link" title=${t('newPerson.link')} note=${t('newPerson.linkNote')} />
            <${Choice} name="way" value="password" chosen=${way} onChoose=${setWay} test="person-way-password" title=${t('newPerson.password')} note=${t('newPerson.passwordNote')} />
          </div>
        </fieldset>
        ${way === 'password' && html`
          <${PasswordField} label=${t('field.password')} hint=${t('field.passwordHint')} value=${password} onValue=${setPassword}
            error=${problem?.about('password')} autocomplete="new-password" minlength="8" test="person-password" />`}
        <div class="actions">
          <${SubmitButton} busy=${busy} problem=${problem} test="person-create">${t('newPerson.submit')}<//>
          <a class="button button-plain" href="/app/people">${t('action.cancel')}</a>
        </div>
      </form>
    </div>`;
}
