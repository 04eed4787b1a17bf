// The form for a new key of a program: what it may do, for how long, and in whose name.
import { Problem } from '../api.js';
import { t } from '../i18n.js';
import { useSubmit } from '../loading.js';
import { signedCall } from '../session.js';
import { html, useEffect, useRef, useState } from '../view.js';
import { Button } from './button.js';
import { Field } from './field.js';
import { FormProblem } from './form-problem.js';
import { PersonPicker } from './person-picker.js';
import { SubmitButton } from './submit-button.js';
import { Tick } from './tick.js';

const SCOPES = ['attendance:read', 'attendance:write', 'social:read', 'social:write', 'metrics:read'];
const DAYS = ['30', '90', '365', ''];
const DAY_MILLISECONDS = 86_400_000;

export function KeyForm({ onMade, onCancel }) {
  const [form, setForm] = useState({ name: '', scopes: [], days: '365' });
  const [owner, setOwner] = useState(null);
  const heading = useRef(null);
  useEffect(() => { heading.current.focus(); }, []);
  const { busy, problem, submit } = useSubmit(async () => {
    const { name, scopes, days } = form;
    if (!scopes.length) {
      const message = t('keys.noScope');
      throw new Problem({ code: 'INVALID', detail: message, errors: [{ field: 'scopes', message }] });
    }
    const body = { name: name.trim(), scopes };
    if (days) body.expires_at = new Date(Date.now() + Number(days) * DAY_MILLISECONDS).toISOString();
    if (owner) body.owner_id = owner.id;
    onMade(await signedCall('POST', '/auth/api-keys', { body }));
  });
  const set = (key) => (value) => setForm((old) => ({ ...old, [key]: value }));
  const toggle = (scope, on) => set('scopes')(SCOPES.filter((name) => (name === scope ? on : form.scopes.includes(name))));
  const about = problem?.about('scopes');
  return html`
    <section class="panel section" aria-labelledby="new-key">
      <h2 id="new-key" ref=${heading} tabindex="-1">${t('keys.new')}</h2>
      <form class="form" onSubmit=${submit}>
        <${FormProblem} problem=${problem} fields=${['scopes', 'name']} test="key-problem" />
        <${Field} label=${t('keys.name')} hint=${t('keys.nameHint')} value=${form.name} onValue=${set('name')} error=${problem?.about('name')}
          required maxlength="80" autocomplete="off" test="key-name" />
        <fieldset aria-describedby=${about ? 'scopes-error' : undefined}>
          <legend class="field-label">${t('keys.scopes')}</legend>
          <div class="choices choices-wide">
            ${SCOPES.map((scope) => html`
              <${Tick} checked=${form.scopes.includes(scope)} onChange=${(on) => toggle(scope, on)} title=${t(`scope.${scope}`)} note=${scope} invalid=${about} test=${`key-scope-${scope}`} />`)}
          </div>
          ${about && html`<p class="field-error" role="alert" id="scopes-error" data-test="key-problem-scopes">${about}</p>`}
        </fieldset>
        <div class="field-pair">
          <${Field} label=${t('keys.expires')} value=${form.days} onValue=${set('days')} error=${problem?.about('expires_at')} test="key-expires">
            ${DAYS.map((days) => html`<option value=${days}>${days ? t('keys.days', { count: Number(days) }) : t('keys.never')}</option>`)}
          <//>
          <${PersonPicker} label=${t('keys.owner')} hint=${t('keys.ownerHint')} person=${owner} onPerson=${setOwner} nobody=${t('keys.me')}
            error=${problem?.about('owner_id')} test="key-owner" />
        </div>
        <div class="actions">
          <${SubmitButton} busy=${busy} problem=${problem} test="key-create">${t('keys.submit')}<//>
          <${Button} look="button-plain" onClick=${onCancel}>${t('action.cancel')}<//>
        </div>
      </form>
    </section>`;
}
