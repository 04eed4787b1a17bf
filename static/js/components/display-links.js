// Links for the projector of one event: making one, its address this once, and revoking it.
import { formatDayTime, t } from '../i18n.js';
import { usePages, useSubmit } from '../loading.js';
import { useModal } from '../modal.js';
import { signedCall } from '../session.js';
import { html, useId, useState } from '../view.js';
import { Alert } from './alert.js';
import { Button } from './button.js';
import { Failure } from './failure.js';
import { Field } from './field.js';
import { FormProblem } from './form-problem.js';
import { Icon } from './icon.js';
import { Notes } from './notes.js';
import { SecretOnce } from './secret-once.js';
import { Skeleton } from './skeleton.js';
import { SubmitButton } from './submit-button.js';

export function DisplayLinks({ event, onClose }) {
  const path = `/events/${encodeURIComponent(event.event_id)}/display-tokens`;
  const { items, problem, retry, reload } = usePages(path);
  const [note, setNote] = useState('');
  const [made, setMade] = useState(null);
  const dialog = useModal();
  const heading = useId();
  const making = useSubmit(async () => {
    setMade(await signedCall('POST', path, { body: note.trim() ? { note: note.trim() } : {} }));
    setNote('');
    reload();
  });
  const revoked = (id) => {
    if (made?.id === id) setMade(null);
    reload();
  };
  return html`
    <dialog ref=${dialog} class="dialog dialog-wide" aria-labelledby=${heading} onClose=${onClose}>
      <div class="dialog-head">
        <h2 id=${heading} tabindex="-1" autofocus>${t('displayLink.title')}</h2>
        <${Button} look="button-quiet" onClick=${() => dialog.current.close()} aria-label=${t('action.close')} title=${t('action.close')} test="display-links-close"><${Icon} name="cross" /><//>
      </div>
      <p class="soft">${t('displayLink.note')}</p>
      ${made
        ? html`
          <${SecretOnce} icon="link" title=${t('displayLink.made')} text=${made.url} test="display-link" onDone=${() => setMade(null)}>${t('displayLink.once')}<//>`
        : html`
          <form class="form form-line" onSubmit=${making.submit}>
            <${FormProblem} problem=${making.problem} fields=${['note']} test="display-link-problem" />
            <${Field} label=${t('displayLink.where')} optional value=${note} onValue=${setNote} error=${making.problem?.about('note')} maxlength="120"
              placeholder=${t('displayLink.whereExample')} autocomplete="off" test="display-link-note" />
            <${SubmitButton} busy=${making.busy} problem=${making.problem} test="display-link-create"><${Icon} name="link" size=${20} />${t('displayLink.make')}<//>
          </form>`}
      ${!items && (problem ? html`<${Failure} problem=${problem} retry=${retry} />` : html`<${Skeleton} lines=${2} />`)}
      ${items?.length > 0 && html`
        <div class="section"><h3>${t('displayLink.active')}</h3>
          <ul class="ledger" role="list">${items.map((link) => html`<${Link} key=${link.id} link=${link} path=${path} onRevoked=${revoked} />`)}</ul></div>`}
    </dialog>`;
}

function Link({ link, path, onRevoked }) {
  const name = link.note || t('displayLink.unnamed');
  const { busy, problem, submit } = useSubmit(async () => {
    await signedCall('DELETE', `${path}/${encodeURIComponent(link.id)}`);
    onRevoked(link.id);
  });
  return html`
    <li class="ledger-row" data-test="display-link-row">
      <div class="ledger-row-main">
        <p class="ledger-row-title">${name}</p>
        <${Notes} of=${[formatDayTime(link.created_at), link.created_by?.username]} />
        ${problem && html`<${Alert} kind="error">${problem.detail}<//>`}
      </div>
      <${Button} look="button-danger button-small" busy=${busy} onClick=${submit} test="display-link-revoke" aria-label=${t('displayLink.revokeOne', { name })}>${t('keys.revoke')}<//>
    </li>`;
}
