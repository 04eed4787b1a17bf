// A person's data as a file, removing their posts, switching the account off and on, and erasing it.
import { saveFile } from '../download.js';
import { t } from '../i18n.js';
import { useSubmit } from '../loading.js';
import { navigate } from '../router.js';
import { signedCall } from '../session.js';
import { html, useState } from '../view.js';
import { Alert } from './alert.js';
import { Button } from './button.js';
import { ConfirmDialog } from './confirm-dialog.js';

export function PersonRemoval({ person, isMe, onPerson }) {
  const path = `/users/${person.id}`;
  const [asking, setAsking] = useState(null);
  const [news, setNews] = useState(null);
  const name = `${person.name} ${person.surname}`.trim();
  const disabled = person.status === 'disabled';
  const exporting = useSubmit(async () => {
    saveFile(await signedCall('GET', `${path}/export`, { asFile: true, patience: 600_000 }), `${person.username}.json`);
  });
  const turn = async () => {
    onPerson(await signedCall('PATCH', path, { body: { status: disabled ? 'active' : 'disabled' } }));
    setAsking(null);
  };
  const enabling = useSubmit(turn);
  const remove = async () => {
    await signedCall('DELETE', path);
    navigate('/app/people', { replace: true });
  };
  const removePosts = async () => {
    const { removed } = await signedCall('DELETE', '/social/logs', { query: { author: `user:${person.id}` }, patience: 600_000 });
    setNews(t('person.posts.removed', { count: removed }));
    setAsking(null);
  };
  const problem = exporting.problem ?? enabling.problem;
  return html`
    <section class="panel section" aria-labelledby="account">
      <h2 id="account">${t('person.account')}</h2>
      ${problem && html`<${Alert} kind="error">${problem.detail}<//>`}
      ${news && html`<${Alert} kind="good" test="person-posts-removed">${news}<//>`}
      <ul class="deeds" role="list">
        <li class="deed">
          <div><h3>${t('person.export.title')}</h3><p class="soft small">${t('person.export.note')}</p></div>
          <${Button} look="button-plain button-small" busy=${exporting.busy} onClick=${exporting.submit} test="person-export">${t('action.download')}<//>
        </li>
        <li class="deed">
          <div><h3>${t('person.posts.title')}</h3><p class="soft small">${t('person.posts.note')}</p></div>
          <${Button} look="button-danger button-small" onClick=${() => setAsking('posts')} test="person-posts">${t('person.posts.action')}<//>
        </li>
        ${!isMe && html`
          <li class="deed">
            <div><h3>${t(disabled ? 'person.enable.title' : 'person.disable.title')}</h3><p class="soft small">${t(disabled ? 'person.enable.note' : 'person.disable.note')}</p></div>
            ${disabled
              ? html`<${Button} look="button-plain button-small" busy=${enabling.busy} onClick=${enabling.submit} test="person-enable">${t('person.enable.action')}<//>`
              : html`<${Button} look="button-danger button-small" onClick=${() => setAsking('disable')} test="person-disable">${t('person.disable.action')}<//>`}
          </li>
          <li class="deed">
            <div><h3>${t('person.delete.title')}</h3><p class="soft small">${t('person.delete.note')}</p></div>
            <${Button} look="button-danger button-small" onClick=${() => setAsking('delete')} test="person-delete">${t('person.delete.action')}<//>
          </li>`}
      </ul>
      ${asking === 'posts' && html`
        <${ConfirmDialog} title=${t('person.ask.posts', { name })} action=${t('person.posts.action')} test="person-posts-confirm"
          onConfirm=${removePosts} onClose=${() => setAsking(null)}>${t('person.posts.ask')}<//>`}
      ${asking === 'disable' && html`
        <${ConfirmDialog} title=${t('person.ask.disable', { name })} action=${t('person.disable.action')} test="person-disable-confirm"
          onConfirm=${turn} onClose=${() => setAsking(null)}>${t('person.disable.note')}<//>`}
      ${asking === 'delete' && html`
        <${ConfirmDialog} title=${t('person.ask.delete', { name })} action=${t('person.delete.confirm')} typed=${person.username} test="person-delete-confirm"
          onConfirm=${remove} onClose=${() => setAsking(null)}>${t('person.delete.ask')}<//>`}
    </section>`;
}
