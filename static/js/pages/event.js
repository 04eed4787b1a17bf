// One event: what it is, how many came, who, and what can be done with it.
import { Alert } from '../components/alert.js';
import { AttendanceList } from '../components/attendance-list.js';
import { Button } from '../components/button.js';
import { ConfirmDialog } from '../components/confirm-dialog.js';
import { DisplayLinks } from '../components/display-links.js';
import { EventState, stateOf } from '../components/event-state.js';
import { Failure } from '../components/failure.js';
import { Icon } from '../components/icon.js';
import { Skeleton } from '../components/skeleton.js';
import { Statistics } from '../components/statistics.js';
import { formatDate, formatDay, formatTime, t } from '../i18n.js';
import { useResource, useSubmit } from '../loading.js';
import { navigate } from '../router.js';
import { signedCall } from '../session.js';
import { html, useCallback, useState } from '../view.js';

export default function Event({ event_id }) {
  const path = `/events/${encodeURIComponent(event_id)}`;
  const { data: event, problem, reload, setData } = useResource(path);
  const [statistics, setStatistics] = useState(null);
  const [asking, setAsking] = useState(false);
  const [linking, setLinking] = useState(false);
  const toggling = useSubmit(async () => setData(await signedCall('PATCH', path, { body: { is_active: !event.is_active } })));
  const remove = async () => {
    await signedCall('DELETE', path);
    navigate('/app/events', { replace: true });
  };
  const onStatistics = useCallback((fresh) => setStatistics(fresh), []);

  const back = html`<a class="back" href="/app/events"><${Icon} name="back" size=${20} />${t('events.title')}</a>`;
  if (!event) {
    return html`${back}<h1 class="unseen" tabindex="-1">${t('event.title')}</h1>
      ${problem ? html`<${Failure} problem=${problem} retry=${reload} />` : html`<${Skeleton} />`}`;
  }
  const state = stateOf(event);
  return html`
    ${back}
    <div class="page-head">
      <div>
        <h1 tabindex="-1" data-test="event-title">${event.name}</h1>
        <p class="soft numbers">${formatDate(event.date, true)}</p>
      </div>
      <div class="actions">
        ${(state === 'open' || state === 'upcoming') && html`
          <a class="button" href=${`/app${path}/display`} data-test="show-code"><${Icon} name="expand" />${t('event.showCode')}</a>
          <${Button} look="button-plain" onClick=${() => setLinking(true)} test="display-links"><${Icon} name="link" size=${20} />${t('event.displayLink')}<//>`}
        <${Button} look=${event.is_active ? 'button-plain' : ''} busy=${toggling.busy} onClick=${toggling.submit} test="event-toggle">
          ${t(event.is_active ? 'event.deactivate' : 'event.activate')}
        <//>
      </div>
    </div>
    ${toggling.problem && html`<${Alert} kind="error">${toggling.problem.detail}<//>`}
    ${!event.is_active && html`<div class="section"><${Alert} kind="warning">${t('event.inactiveNote')}<//></div>`}
    <div class=${`event-layout ${event.is_active ? '' : 'section-gap'}`}>
      <section class="panel section event-figures" aria-labelledby="figures">
        <h2 id="figures">${t('event.figures')}</h2>
        <${Statistics} statistics=${statistics ?? event.statistics} />
      </section>
      <${AttendanceList} event=${event} onStatistics=${onStatistics} />
      <div class="event-more">
        <section class="panel section" aria-labelledby="facts">
          <div class="section-head"><h2 id="facts">${t('event.facts')}</h2><${EventState} event=${event} /></div>
          <${Facts} event=${event} />
        </section>
        <${Button} look="button-danger" onClick=${() => setAsking(true)} test="event-delete">${t('event.delete')}<//>
      </div>
    </div>
    ${linking && html`<${DisplayLinks} event=${event} onClose=${() => setLinking(false)} />`}
    ${asking && html`
      <${ConfirmDialog} title=${t('event.deleteTitle', { name: event.name })} action=${t('event.delete')} test="event-delete-confirm"
        onConfirm=${remove} onClose=${() => setAsking(false)}>${t('event.deleteNote')}<//>`}`;
}

function Facts({ event }) {
  const at = (instant) => {
    if (!instant) return null;
    const day = formatDay(instant, event.timezone);
    const time = formatTime(instant, event.timezone);
    return day === formatDay(`${event.date}T12:00:00Z`, 'UTC') ? time : `${day}, ${time}`;
  };
  const facts = [
    ['event.opens', at(event.opens_at)],
    ['event.starts', at(event.starts_at)],
    ['event.lateAfter', at(event.late_after)],
    ['event.ends', at(event.ends_at)],
    ['event.closes', at(event.closes_at)],
    ['event.zone', event.timezone],
    ['event.mode', event.mode === 'rotating' ? t('event.everySeconds', { count: event.rotation_seconds }) : t('mode.static')],
    ['event.expected', event.expected?.length || null],
  ];
  return html`
    <dl class="event-facts numbers">
      ${facts.filter(([, value]) => value).map(([label, value]) => html`<div><dt>${t(label)}</dt><dd>${value}</dd></div>`)}
    </dl>`;
}
