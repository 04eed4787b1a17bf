// One person: who that is, for staff; for administrators also changing it, and what can be done about the account.
import { Avatar } from '../components/avatar.js';
import { Failure } from '../components/failure.js';
import { Icon } from '../components/icon.js';
import { PersonAccess } from '../components/person-access.js';
import { PersonForm } from '../components/person-form.js';
import { PersonRemoval } from '../components/person-removal.js';
import { RoleBadges } from '../components/role-badges.js';
import { Skeleton } from '../components/skeleton.js';
import { formatAgo, formatLongDay, t } from '../i18n.js';
import { useResource } from '../loading.js';
import { isAdmin, useUser } from '../session.js';
import { html } from '../view.js';

export default function Person({ id }) {
  const user = useUser();
  const { data: person, problem, reload, setData } = useResource(`/users/${encodeURIComponent(id)}`);
  const back = html`<a class="back" href="/app/people"><${Icon} name="back" size=${20} />${t('people.title')}</a>`;
  if (!person) {
    return html`${back}<h1 class="unseen" tabindex="-1">${t('person.title')}</h1>
      ${problem ? html`<${Failure} problem=${problem} retry=${reload} />` : html`<${Skeleton} />`}`;
  }
  const admin = isAdmin(user);
  const isMe = person.id === user?.id;
  return html`
    ${back}
    <div class="page-head person-head">
      <${Avatar} person=${person} large />
      <div>
        <h1 tabindex="-1" data-test="person-title">${person.name} ${person.surname}</h1>
        <${RoleBadges} person=${person} always />
      </div>
    </div>
    <div class="columns">
      <div class="stack">
        ${admin
          ? html`<${PersonForm} key=${person.id} person=${person} onPerson=${setData} />`
          : html`<${Contact} person=${person} />`}
        <section class="panel section" aria-labelledby="facts">
          <h2 id="facts">${t('person.facts')}</h2>
          <dl class="facts">
            <div><dt>${t('person.number')}</dt><dd class="numbers">${person.id}</dd></div>
            <div><dt>${t('person.made')}</dt><dd>${formatLongDay(person.created_at)}</dd></div>
            <div><dt>${t('person.seen')}</dt><dd>${person.last_login_at ? formatAgo(person.last_login_at) : t('person.never')}</dd></div>
          </dl>
        </section>
      </div>
      ${admin && html`
        <div class="stack">
          <${PersonAccess} person=${person} isMe=${isMe} onPerson=${setData} />
          <${PersonRemoval} person=${person} isMe=${isMe} onPerson=${setData} />
        </div>`}
    </div>`;
}

function Contact({ person }) {
  return html`
    <section class="panel section" aria-labelledby="contact">
      <h2 id="contact">${t('person.details')}</h2>
      <dl class="facts">
        <div><dt>${t('field.email')}</dt><dd><a href=${`mailto:${person.email}`}>${person.email}</a></dd></div>
        <div><dt>${t('field.username')}</dt><dd>${person.username}</dd></div>
      </dl>
    </section>`;
}
