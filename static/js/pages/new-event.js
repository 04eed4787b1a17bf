// The form for a new event. What is left alone is left to the server's own rules.
import { Problem } from '../api.js';
import { Alert } from '../components/alert.js';
import { Button } from '../components/button.js';
import { Choice } from '../components/choice.js';
import { Field } from '../components/field.js';
import { Icon } from '../components/icon.js';
import { t } from '../i18n.js';
import { useSubmit } from '../loading.js';
import { navigate } from '../router.js';
import { signedCall } from '../session.js';
import { html, useMemo, useState } from '../view.js';
import { browserZone, dayAfter, instantOf, isZone, knownZones, todayIn } from '../zone.js';

const MINUTES = ['open_early_minutes', 'late_after_minutes', 'close_after_minutes'];

function blank() {
  const timezone = browserZone();
  const next = new Date(Date.now() + 3600_000).getHours();
  const clock = (hour) => `${String(hour % 24).padStart(2, '0')}:00`;
  return {
    name: '', date: todayIn(timezone), timezone, span: 'day', start: clock(next), end: clock(next + 1),
    mode: 'rotating', rotation_seconds: '15', open_early_minutes: '', late_after_minutes: '', close_after_minutes: '',
  };
}

export default function NewEvent() {
  const [form, setForm] = useState(blank);
  const zones = useMemo(knownZones, []);
  const { busy, problem, submit } = useSubmit(async () => {
    const created = await signedCall('POST', '/events', { body: bodyOf(form) });
    navigate(`/app/events/${encodeURIComponent(created.event_id)}`, { replace: true });
  });
  const set = (key) => (value) => setForm((old) => ({ ...old, [key]: value }));
  const bind = (key, field = key) => ({ value: form[key], onValue: set(key), error: problem?.about(field) });
  const overnight = form.span === 'times' && form.end <= form.start;
  return html`
    <div class="page-narrow">
      <a class="back" href="/app/events"><${Icon} name="back" size=${20} />${t('events.title')}</a>
      <div class="page-head"><h1 tabindex="-1">${t('newEvent.title')}</h1></div>
      <form class="form" onSubmit=${submit}>
        ${problem && html`<${Alert} kind="error" test="event-problem">${problem.detail}<//>`}
        <${Field} label=${t('newEvent.name')} required maxlength="120" autocomplete="off" test="event-name" ...${bind('name')} />
        <div class="field-pair">
          <${Field} label=${t('newEvent.date')} type="date" required test="event-date" ...${bind('date')} />
          <${Field} label=${t('newEvent.zone')} list="zones" required autocomplete="off" spellcheck=${false} test="event-zone" ...${bind('timezone')} />
          <datalist id="zones">${zones.map((zone) => html`<option value=${zone}></option>`)}</datalist>
        </div>

        <fieldset>
          <legend class="field-label">${t('newEvent.when')}</legend>
          <div class="choices choices-two">
            <${Choice} name="span" value="day" chosen=${form.span} onChoose=${set('span')} test="event-span-day"
              title=${t('newEvent.wholeDay')} note=${t('newEvent.wholeDayNote')} />
            <${Choice} name="span" value="times" chosen=${form.span} onChoose=${set('span')} test="event-span-times"
              title=${t('newEvent.times')} note=${t('newEvent.timesNote')} />
          </div>
        </fieldset>
        ${form.span === 'times' && html`
          <div class="field-pair">
            <${Field} label=${t('newEvent.start')} type="time" required test="event-start" ...${bind('start', 'starts_at')} />
            <${Field} label=${t('newEvent.end')} type="time" required test="event-end" hint=${overnight ? t('newEvent.nextDay') : null} ...${bind('end', 'ends_at')} />
          </div>`}

        <fieldset>
          <legend class="field-label">${t('newEvent.code')}</legend>
          <div class="choices choices-two">
            <${Choice} name="mode" value="rotating" chosen=${form.mode} onChoose=${set('mode')} test="event-mode-rotating"
              title=${t('mode.rotating')} note=${t('newEvent.rotatingNote')} />
            <${Choice} name="mode" value="static" chosen=${form.mode} onChoose=${set('mode')} test="event-mode-static"
              title=${t('mode.static')} note=${t('newEvent.staticNote')} />
          </div>
        </fieldset>
        ${form.mode === 'rotating' && html`
          <${Field} label=${t('newEvent.rotation')} type="number" inputmode="numeric" min="5" max="300" step="1" required
            hint=${t('newEvent.rotationHint')} test="event-rotation" ...${bind('rotation_seconds')} />`}

        ${form.span === 'times' && html`<details class="more">
          <summary>${t('newEvent.rules')}</summary>
          <div>
            <p class="soft">${t('newEvent.rulesNote')}</p>
            <div class="field-pair">
              ${MINUTES.map((key) => html`
                <${Field} label=${t(`newEvent.${key}`)} type="number" inputmode="numeric" min="0" max="1440" step="1" test=${key} ...${bind(key)} />`)}
            </div>
          </div>
        </details>`}
        <div class="actions">
          <${Button} type="submit" busy=${busy} test="event-submit">${t('newEvent.submit')}<//>
          <a class="button button-plain" href="/app/events">${t('action.cancel')}</a>
        </div>
      </form>
    </div>`;
}

function bodyOf(form) {
  const timezone = form.timezone.trim();
  if (!isZone(timezone)) {
    const message = t('newEvent.zoneUnknown');
    throw new Problem({ code: 'INVALID', detail: message, errors: [{ field: 'timezone', message }] });
  }
  const body = { name: form.name.trim(), date: form.date, timezone, mode: form.mode };
  if (form.span === 'times') {
    const lastDay = form.end <= form.start ? dayAfter(form.date) : form.date;
    body.starts_at = instantOf(form.date, form.start, timezone);
    body.ends_at = instantOf(lastDay, form.end, timezone);
    for (const key of MINUTES) if (form[key] !== '') body[key] = Number(form[key]);
  }
  if (form.mode === 'rotating') body.rotation_seconds = Number(form.rotation_seconds);
  return body;
}
