// The form for a new invitation: for how many, until when, and as what.
import { t } from '../i18n.js';
import { useSubmit } from '../loading.js';
import { signedCall } from '../session.js';
import { html, useEffect, useRef, useState } from '../view.js';
import { Button } from './button.js';
import { Choice } from './choice.js';
import { Field } from './field.js';
import { FormProblem } from './form-problem.js';
import { SubmitButton } from './submit-button.js';

const DAYS = ['1', '7', '14', '30', '90', '365'];

export function InvitationForm({ onMade, onCancel }) {
  const [form, setForm] = useState({ note: '', role: 'user', uses: '1', days: '14' });
  const heading = useRef(null);
  useEffect(() => { heading.current.focus(); }, []);
  const { busy, problem, submit } = useSubmit(async () => {
    const body = { role: form.role, uses: Number(form.uses), expires_in_days: Number(form.days) };
    if (form.note.trim()) body.note = form.note.trim();
    onMade(await signedCall('POST', '/auth/invitations', { body }));
  });
  const set = (key) => (value) => setForm((old) => ({ ...old, [key]: value }));
  const bind = (key, field = key) => ({ value: form[key], onValue: set(key), error: problem?.about(field) });
  return html`
    <section class="panel section" aria-labelledby="new-invitation">
      <h2 id="new-invitation" ref=${heading} tabindex="-1">${t('invitations.new')}</h2>
      <form class="form" onSubmit=${submit}>
        <${FormProblem} problem=${problem} test="invitation-problem" />
        <${Field} label=${t('invitations.noteLabel')} optional hint=${t('invitations.noteHint')} maxlength="120" autocomplete="off" test="invitation-note" ...${bind('note')} />
        <div class="field-pair">
          <${Field} label=${t('invitations.uses')} type="number" inputmode="numeric" min="1" max="10000" step="1" required test="invitation-uses" ...${bind('uses')} />
          <${Field} label=${t('invitations.days')} test="invitation-days" ...${bind('days', 'expires_in_days')}>
            ${DAYS.map((days) => html`<option value=${days}>${t('keys.days', { count: Number(days) })}</option>`)}
          <//>
        </div>
        <fieldset>
          <legend class="field-label">${t('invitations.role')}</legend>
          <div class="choices choices-two">
            ${['user', 'staff'].map((role) => html`
              <${Choice} name="role" value=${role} chosen=${form.role} onChoose=${set('role')} title=${t(`role.${role}`)} note=${t(`person.role.${role}`)} test=${`invitation-role-${role}`} />`)}
          </div>
        </fieldset>
        <div class="actions">
          <${SubmitButton} busy=${busy} problem=${problem} test="invitation-create">${t('invitations.submit')}<//>
          <${Button} look="button-plain" onClick=${onCancel}>${t('action.cancel')}<//>
        </div>
      </form>
    </section>`;
}
