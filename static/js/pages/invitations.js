// Invitations: making one, its link this once, and revoking it.
import { AccessTabs } from '../components/access-tabs.js';
import { Alert } from '../components/alert.js';
import { Button } from '../components/button.js';
import { ConfirmDialog } from '../components/confirm-dialog.js';
import { Empty } from '../components/empty.js';
import { Failure } from '../components/failure.js';
import { Icon } from '../components/icon.js';
import { InvitationForm } from '../components/invitation-form.js';
import { LoadMore } from '../components/load-more.js';
import { Notes } from '../components/notes.js';
import { SecretOnce } from '../components/secret-once.js';
import { Skeleton } from '../components/skeleton.js';
import { formatDay, formatNumber, t } from '../i18n.js';
import { useInstance } from '../instance.js';
import { usePages } from '../loading.js';
import { signedCall } from '../session.js';
import { html, useState } from '../view.js';

export default function Invitations() {
  const instance = useInstance();
  const { items, problem, retry, reload, more, busy, cursor } = usePages('/auth/invitations');
  const [writing, setWriting] = useState(false);
  const [made, setMade] = useState(null);
  const [revoking, setRevoking] = useState(null);
  const create = (invitation) => {
    setWriting(false);
    setMade(invitation);
    reload();
  };
  const revoke = async () => {
    await signedCall('DELETE', `/auth/invitations/${encodeURIComponent(revoking.id)}`);
    setRevoking(null);
    reload();
  };
  return html`
    <${AccessTabs} here="/app/invitations" />
    <div class="page-head">
      <div><h1 tabindex="-1">${t('invitations.title')}</h1><p class="soft">${t('invitations.note')}</p></div>
      ${!writing && html`<${Button} onClick=${() => { setMade(null); setWriting(true); }} test="new-invitation"><${Icon} name="plus" />${t('invitations.new')}<//>`}
    </div>
    <div class="stack">
      ${instance?.registration === 'closed' && html`<${Alert} kind="warning">${t('invitations.closed')}<//>`}
      ${writing && html`<${InvitationForm} onMade=${create} onCancel=${() => setWriting(false)} />`}
      ${made && html`
        <div class="panel"><${SecretOnce} icon="link" title=${t('invitations.made')} text=${made.url} test="invitation-link" onDone=${() => setMade(null)}>
          ${t('invitations.once', { count: made.uses, code: made.code })}<//></div>`}
      ${!items && (problem ? html`<${Failure} problem=${problem} retry=${retry} />` : html`<${Skeleton} lines=${4} />`)}
      ${items && (items.length
        ? html`<ul class="ledger" role="list">${items.map((one) => html`<${Row} key=${one.id} invitation=${one} onRevoke=${() => setRevoking(one)} />`)}</ul>`
        : !writing && !made && html`<${Empty} icon="mail" title=${t('invitations.empty')}>${t('invitations.emptyNote')}<//>`)}
    </div>
    ${items && html`<${LoadMore} cursor=${cursor} busy=${busy} problem=${problem} onMore=${more} />`}
    ${revoking && html`
      <${ConfirmDialog} title=${t('invitations.revokeTitle', { name: nameOf(revoking) })} action=${t('invitations.revoke')} test="invitation-revoke-confirm"
        onConfirm=${revoke} onClose=${() => setRevoking(null)}>${t('invitations.revokeNote')}<//>`}`;
}

const nameOf = (invitation) => invitation.note || t('invitations.unnamed');

function stateOf({ uses_left, expires_at }) {
  if (expires_at && Date.parse(expires_at) <= Date.now()) return 'expired';
  return uses_left > 0 ? 'good' : 'used';
}

function Row({ invitation, onRevoke }) {
  const { uses, uses_left, expires_at, created_by, role } = invitation;
  const state = stateOf(invitation);
  const facts = [
    t('invitations.used', { used: formatNumber(uses - uses_left), count: uses, uses: formatNumber(uses) }),
    expires_at && t(state === 'expired' ? 'invitations.ended' : 'invitations.until', { date: formatDay(expires_at) }),
    created_by?.username && t('invitations.by', { name: created_by.username }),
  ];
  return html`
    <li class="ledger-row ledger-row-led" data-test="invitation-row" data-invitation=${invitation.id} data-state=${state}>
      <span class=${`medallion ${state === 'good' ? '' : 'medallion-off'}`}><${Icon} name="mail" size=${20} /></span>
      <div class="ledger-row-main">
        <p class="ledger-row-title">${nameOf(invitation)}</p>
        <${Notes} of=${facts} />
        ${(role === 'staff' || state !== 'good') && html`<p class="scopes">
          ${role === 'staff' && html`<span class="badge badge-excused"><${Icon} name="events" size=${14} />${t('role.staff')}</span>`}
          ${state !== 'good' && html`<span class="badge">${t(`invitations.state.${state}`)}</span>`}
        </p>`}
      </div>
      <${Button} look=${`${state === 'good' ? 'button-danger' : 'button-plain'} button-small`} onClick=${onRevoke} test="invitation-revoke"
        aria-label=${t('invitations.revokeOne', { name: nameOf(invitation) })}>${t('invitations.revoke')}<//>
    </li>`;
}
