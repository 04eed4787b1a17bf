// Where one is signed in, and ending that.
import { deviceOf } from '../device.js';
import { formatAgo, formatDayTime, t } from '../i18n.js';
import { useResource, useSubmit } from '../loading.js';
import { signedCall } from '../session.js';
import { html, useState } from '../view.js';
import { Alert } from './alert.js';
import { Button } from './button.js';
import { ConfirmDialog } from './confirm-dialog.js';
import { Failure } from './failure.js';
import { Icon } from './icon.js';
import { Notes } from './notes.js';
import { Skeleton } from './skeleton.js';

const ICONS = { phone: 'phone', computer: 'laptop', program: 'terminal' };

export function SessionsList() {
  const { data, problem, reload, setData } = useResource('/auth/sessions');
  const [asking, setAsking] = useState(false);
  const items = data?.items.toSorted((one, next) => next.current - one.current || Date.parse(next.last_used_at) - Date.parse(one.last_used_at));
  const endAll = async () => {
    await signedCall('DELETE', '/auth/sessions');
    setAsking(false);
    reload();
  };
  const ended = (id) => setData({ ...data, items: data.items.filter((session) => session.id !== id) });
  return html`
    <section class="panel section" aria-labelledby="sessions">
      <div class="titled"><h2 id="sessions">${t('sessions.title')}</h2><p class="soft">${t('sessions.note')}</p></div>
      ${!items && (problem ? html`<${Failure} problem=${problem} retry=${reload} />` : html`<${Skeleton} lines=${3} />`)}
      ${items && html`<ul class="ledger" role="list">${items.map((session) => html`<${Session} key=${session.id} session=${session} onEnded=${ended} />`)}</ul>`}
      ${items?.length > 1 && html`<div class="actions"><${Button} look="button-danger" onClick=${() => setAsking(true)} test="sessions-end-all">${t('sessions.endAll')}<//></div>`}
      ${asking && html`
        <${ConfirmDialog} title=${t('sessions.endAllTitle')} action=${t('sessions.endAll')} test="sessions-end-all-confirm"
          onConfirm=${endAll} onClose=${() => setAsking(false)}>${t('sessions.endAllNote')}<//>`}
    </section>`;
}

function Session({ session, onEnded }) {
  const { browser, system, kind } = deviceOf(session.device);
  const name = browser && system ? t('sessions.device', { browser, system }) : browser ?? system ?? t('sessions.unknown');
  const { busy, problem, submit } = useSubmit(async () => {
    try {
      await signedCall('DELETE', `/auth/sessions/${encodeURIComponent(session.id)}`);
    } catch (refused) {
      // Ended by somebody else meanwhile: just as well.
      if (refused.status !== 404) throw refused;
    }
    onEnded(session.id);
  });
  const facts = [
    session.network,
    session.current ? t('sessions.since', { time: formatDayTime(session.created_at) }) : t('sessions.lastUsed', { ago: formatAgo(session.last_used_at) }),
  ];
  return html`
    <li class="ledger-row ledger-row-led" data-test="session-row" data-current=${session.current}>
      <span class="medallion"><${Icon} name=${ICONS[kind]} size=${20} /></span>
      <div class="ledger-row-main">
        <p class="ledger-row-title" title=${session.device}>${name}</p>
        <${Notes} of=${facts} />
        ${problem && html`<${Alert} kind="error">${problem.detail}<//>`}
      </div>
      ${session.current
        ? html`<span class="badge badge-present">${t('sessions.current')}</span>`
        : html`<${Button} look="button-plain button-small" busy=${busy} onClick=${submit} test="session-end" aria-label=${t('sessions.endOne', { device: name })}>${t('sessions.end')}<//>`}
    </li>`;
}
