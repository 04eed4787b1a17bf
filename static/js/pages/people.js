// Everybody with an account: found by name, filtered by role and status. The filters live in the address, so that
// the way back from a person leads to the same list.
import { AccessTabs } from '../components/access-tabs.js';
import { Avatar } from '../components/avatar.js';
import { Button } from '../components/button.js';
import { Empty } from '../components/empty.js';
import { Failure } from '../components/failure.js';
import { Icon } from '../components/icon.js';
import { LoadMore } from '../components/load-more.js';
import { RoleBadges } from '../components/role-badges.js';
import { Skeleton } from '../components/skeleton.js';
import { formatAgo, t } from '../i18n.js';
import { usePages, useSettled } from '../loading.js';
import { navigate } from '../router.js';
import { isAdmin, useUser } from '../session.js';
import { html, useEffect, useState } from '../view.js';

const ROLES = ['user', 'staff', 'admin'];
const STATUSES = ['active', 'disabled'];
const NO_FILTER = { search: '', role: '', status: '' };

export default function People({ query }) {
  const user = useUser();
  const [filter, setFilter] = useState(() => fromAddress(query));
  const search = useSettled(filter.search.trim());
  const asked = { search, role: filter.role, status: filter.status };
  const { items, problem, retry, more, stale, busy, cursor } = usePages('/users', asked);
  const filtered = Boolean(search || filter.role || filter.status);
  const there = toAddress(asked);
  useEffect(() => { if (there !== location.search) navigate(`/app/people${there}`, { replace: true }); }, [there]);
  const set = (key) => (event) => {
    const { value } = event.currentTarget;
    setFilter((old) => ({ ...old, [key]: value }));
  };
  return html`
    <${AccessTabs} here="/app/people" />
    <div class="page-head">
      <h1 tabindex="-1">${t('people.title')}</h1>
      ${isAdmin(user) && html`
        <div class="actions">
          <a class="button button-plain" href="/app/people/import" data-test="import-people"><${Icon} name="upload" size=${20} />${t('people.import')}</a>
          <a class="button" href="/app/people/new" data-test="new-person"><${Icon} name="plus" />${t('people.new')}</a>
        </div>`}
    </div>
    <form class="people-filter" role="search" onSubmit=${(event) => event.preventDefault()}>
      <label class="search"><span class="unseen">${t('people.search')}</span><${Icon} name="search" size=${20} />
        <input class="input" type="search" placeholder=${t('people.search')} value=${filter.search} maxlength="200" autocomplete="off" autocapitalize="none"
          autocorrect="off" spellcheck=${false} onInput=${set('search')} data-test="people-search" /></label>
      <label class="filter"><span class="unseen">${t('people.role')}</span>
        <select class="input" value=${filter.role} onChange=${set('role')} data-test="people-role">
          <option value="">${t('people.allRoles')}</option>
          ${ROLES.map((role) => html`<option value=${role}>${t(`role.${role}`)}</option>`)}
        </select></label>
      <label class="filter"><span class="unseen">${t('people.status')}</span>
        <select class="input" value=${filter.status} onChange=${set('status')} data-test="people-status">
          <option value="">${t('people.allStatuses')}</option>
          ${STATUSES.map((status) => html`<option value=${status}>${t(`people.${status}`)}</option>`)}
        </select></label>
    </form>
    <p class="unseen" role="status">${items && !stale && t(cursor ? 'people.shownOfMore' : 'people.shown', { count: items.length })}</p>
    ${!items && (problem ? html`<${Failure} problem=${problem} retry=${retry} />` : html`<${Skeleton} />`)}
    ${items && (items.length
      ? html`<ul class=${`ledger ${stale ? 'ledger-stale' : ''}`} role="list" data-test="people" aria-busy=${stale ? 'true' : undefined}>
          ${items.map((person) => html`<${Row} key=${person.id} person=${person} />`)}</ul>`
      : filtered
        ? html`<${Empty} icon="search" title=${t('people.none')}>
            <${Button} look="button-plain" onClick=${() => setFilter(NO_FILTER)} test="people-all">${t('people.showAll')}<//><//>`
        : html`<${Empty} icon="people" title=${t('people.empty')}>${t('people.emptyNote')}<//>`)}
    ${items && !stale && html`<${LoadMore} cursor=${cursor} busy=${busy} problem=${problem} onMore=${more} />`}`;
}

function Row({ person }) {
  return html`
    <li>
      <a class="ledger-row ledger-row-led person-row" href=${`/app/people/${person.id}`} data-test="person-row" data-user=${person.id}>
        <${Avatar} person=${person} />
        <span class="ledger-row-main">
          <span class="ledger-row-title">${person.name} ${person.surname}</span>
          <span class="ledger-row-note">${person.email} · ${person.username}</span>
        </span>
        <span class="person-seen soft small">${person.last_login_at ? t('people.seen', { ago: formatAgo(person.last_login_at) }) : t('people.neverSeen')}</span>
        <${RoleBadges} person=${person} />
      </a>
    </li>`;
}

function fromAddress(query) {
  const parameters = new URLSearchParams(query);
  const known = (key, list) => (list.includes(parameters.get(key)) ? parameters.get(key) : '');
  return { search: parameters.get('search') ?? '', role: known('role', ROLES), status: known('status', STATUSES) };
}

function toAddress(asked) {
  const entries = Object.entries(asked).filter(([, value]) => value);
  return entries.length ? `?${new URLSearchParams(entries)}` : '';
}
