// How a person comes in and what that person may do: the role, the password, the second factor, the sessions.
import { formatDayTime, t } from '../i18n.js';
import { signedCall } from '../session.js';
import { html, useState } from '../view.js';
import { Alert } from './alert.js';
import { Button } from './button.js';
import { ConfirmDialog } from './confirm-dialog.js';
import { Field } from './field.js';
import { SecretOnce } from './secret-once.js';

const ROLES = ['user', 'staff', 'admin'];

export function PersonAccess({ person, isMe, onPerson }) {
  const path = `/users/${person.id}`;
  const [asking, setAsking] = useState(null);
  const [news, setNews] = useState(null);
  const [link, setLink] = useState(null);
  const name = `${person.name} ${person.surname}`.trim();
  // Each with what it asks first, what it does, and what it then says.
  const deeds = {
    role: async () => {
      onPerson(await signedCall('PUT', `${path}/role`, { body: { role: asking.role } }));
      setNews('person.roleChanged');
    },
    link: async () => setLink(await signedCall('POST', `${path}/password-reset`)),
    sessions: async () => {
      await signedCall('DELETE', `${path}/sessions`);
      setNews('person.sessionsEnded');
    },
    totp: async () => {
      await signedCall('DELETE', `${path}/totp`);
      setNews('person.totpReset');
    },
  };
  const ask = (deed, more = {}) => {
    setNews(null);
    setAsking({ deed, ...more });
  };
  const act = async () => {
    await deeds[asking.deed]();
    setAsking(null);
  };
  return html`
    <section class="panel section" aria-labelledby="access" data-test="person-access">
      <h2 id="access">${t('person.access')}</h2>
      <div role="status">${news && html`<${Alert} kind="good" test="person-news">${t(news)}<//>`}</div>
      ${link && html`
        <${SecretOnce} icon="link" title=${t('person.linkTitle')} text=${link.url} test="person-link" onDone=${() => setLink(null)}>
          ${t('person.linkMade', { name, time: formatDayTime(link.expires_at) })}<//>`}
      ${isMe
        ? html`<p class="soft">${t('person.own')} <a href="/app/account">${t('person.ownLink')}</a></p>`
        : html`
          <${Field} label=${t('people.role')} hint=${t(`person.role.${person.role}`)} value=${person.role} test="person-role"
            onChange=${(event) => {
              const role = event.currentTarget.value;
              // The choice stands once the server has agreed.
              event.currentTarget.value = person.role;
              if (role !== person.role) ask('role', { role });
            }}>
            ${ROLES.map((role) => html`<option value=${role}>${t(`role.${role}`)}</option>`)}
          <//>
          <ul class="deeds" role="list">
            <${Deed} what="link" onAct=${() => ask('link')} />
            <${Deed} what="sessions" onAct=${() => ask('sessions')} />
            <${Deed} what="totp" onAct=${() => ask('totp')} />
          </ul>`}
      ${asking && html`
        <${ConfirmDialog} title=${t(`person.ask.${asking.deed}`, { name, role: asking.role && t(`role.${asking.role}`) })} look=""
          action=${t(`person.${asking.deed}.action`)} test="person-confirm" onConfirm=${act} onClose=${() => setAsking(null)}>
          ${t(asking.role ? `person.role.${asking.role}` : `person.${asking.deed}.note`)}<//>`}
    </section>`;
}

function Deed({ what, onAct }) {
  return html`
    <li class="deed">
      <div><h3>${t(`person.${what}.title`)}</h3><p class="soft small">${t(`person.${what}.note`)}</p></div>
      <${Button} look="button-plain button-small" onClick=${onAct} test=${`person-ask-${what}`}>${t(`person.${what}.action`)}<//>
    </li>`;
}
