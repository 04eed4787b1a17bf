// The keys of programs: making one, its secret this once, and revoking it.
import { AccessTabs } from '../components/access-tabs.js';
import { Button } from '../components/button.js';
import { ConfirmDialog } from '../components/confirm-dialog.js';
import { Empty } from '../components/empty.js';
import { Failure } from '../components/failure.js';
import { Icon } from '../components/icon.js';
import { KeyForm } from '../components/key-form.js';
import { LoadMore } from '../components/load-more.js';
import { Notes } from '../components/notes.js';
import { SecretOnce } from '../components/secret-once.js';
import { Skeleton } from '../components/skeleton.js';
import { formatAgo, formatDay, t } from '../i18n.js';
import { usePages } from '../loading.js';
import { signedCall } from '../session.js';
import { html, useState } from '../view.js';

const SOON_MILLISECONDS = 14 * 86_400_000;

export default function Keys() {
  const { items, problem, retry, reload, more, busy, cursor } = usePages('/auth/api-keys');
  const [writing, setWriting] = useState(false);
  const [made, setMade] = useState(null);
  const [revoking, setRevoking] = useState(null);
  const create = (key) => {
    setWriting(false);
    setMade(key);
    reload();
  };
  const revoke = async () => {
    await signedCall('DELETE', `/auth/api-keys/${encodeURIComponent(revoking.id)}`);
    setRevoking(null);
    reload();
  };
  return html`
    <${AccessTabs} here="/app/keys" />
    <div class="page-head">
      <div><h1 tabindex="-1">${t('keys.title')}</h1><p class="soft">${t('keys.note')}</p></div>
      ${!writing && html`<${Button} onClick=${() => { setMade(null); setWriting(true); }} test="new-key"><${Icon} name="plus" />${t('keys.new')}<//>`}
    </div>
    <div class="stack">
      ${writing && html`<${KeyForm} onMade=${create} onCancel=${() => setWriting(false)} />`}
      ${made && html`
        <div class="panel"><${SecretOnce} title=${t('keys.made', { name: made.name })} text=${made.secret} test="key-secret" onDone=${() => setMade(null)}>
          ${t('keys.once')}<//></div>`}
      ${!items && (problem ? html`<${Failure} problem=${problem} retry=${retry} />` : html`<${Skeleton} lines=${4} />`)}
      ${items && (items.length
        ? html`<ul class="ledger" role="list">${items.map((key) => html`<${Row} key=${key.id} item=${key} onRevoke=${() => setRevoking(key)} />`)}</ul>`
        : !writing && !made && html`<${Empty} icon="key" title=${t('keys.empty')}>${t('keys.emptyNote')}<//>`)}
    </div>
    ${items && html`<${LoadMore} cursor=${cursor} busy=${busy} problem=${problem} onMore=${more} />`}
    ${revoking && html`
      <${ConfirmDialog} title=${t('keys.revokeTitle', { name: revoking.name })} action=${t('keys.revoke')} test="key-revoke-confirm"
        onConfirm=${revoke} onClose=${() => setRevoking(null)}>${t('keys.revokeNote')}<//>`}`;
}

function Row({ item, onRevoke }) {
  const left = item.expires_at ? Date.parse(item.expires_at) - Date.now() : Infinity;
  const over = left <= 0;
  const facts = [
    t('keys.actsAs', { name: item.owner?.username ?? '–' }),
    item.last_used_at ? t('keys.used', { ago: formatAgo(item.last_used_at) }) : t('keys.unused'),
    item.last_used_at && item.last_network,
  ];
  return html`
    <li class="ledger-row ledger-row-led" data-test="key-row" data-key=${item.id}>
      <span class=${`medallion ${over ? 'medallion-off' : ''}`}><${Icon} name="key" size=${20} /></span>
      <div class="ledger-row-main">
        <p class="ledger-row-title">${item.name}</p>
        <${Notes} of=${facts} />
        <p class="scopes">
          ${item.scopes.map((scope) => html`<code title=${t(`scope.${scope}`)}>${scope}</code>`)}
          ${item.expires_at && html`<span class=${`badge ${over ? 'badge-absent' : left < SOON_MILLISECONDS ? 'badge-late' : ''}`}>
            <${Icon} name="clock" size=${14} />${t(over ? 'keys.expired' : 'keys.until', { date: formatDay(item.expires_at) })}</span>`}
        </p>
      </div>
      <${Button} look="button-danger button-small" onClick=${onRevoke} test="key-revoke" aria-label=${t('keys.revokeOne', { name: item.name })}>${t('keys.revoke')}<//>
    </li>`;
}
