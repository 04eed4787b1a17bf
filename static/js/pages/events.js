// All events, newest first.
import { Empty } from '../components/empty.js';
import { EventState } from '../components/event-state.js';
import { Failure } from '../components/failure.js';
import { Icon } from '../components/icon.js';
import { LoadMore } from '../components/load-more.js';
import { Skeleton } from '../components/skeleton.js';
import { formatDate, t } from '../i18n.js';
import { usePages } from '../loading.js';
import { html } from '../view.js';

export default function Events() {
  const { items, problem, retry, more, ...paging } = usePages('/events');
  return html`
    <div class="page-head">
      <h1 tabindex="-1">${t('events.title')}</h1>
      <a class="button" href="/app/events/new" data-test="new-event"><${Icon} name="plus" />${t('events.new')}</a>
    </div>
    ${!items && problem && html`<${Failure} problem=${problem} retry=${retry} />`}
    ${!items && !problem && html`<${Skeleton} />`}
    ${items && (items.length
      ? html`
        <ul class="ledger" role="list">
          ${items.map((event) => html`
            <li key=${event.event_id}>
              <a class="ledger-row" href=${`/app/events/${encodeURIComponent(event.event_id)}`} data-test="event-row" data-event=${event.event_id}>
                <span class="ledger-row-main">
                  <span class="ledger-row-title">${event.name}</span><br />
                  <span class="ledger-row-note numbers">${formatDate(event.date)} · ${t('event.recordedCount', { count: event.statistics?.recorded ?? 0 })}</span>
                </span>
                <${EventState} event=${event} />
              </a>
            </li>`)}
        </ul>`
      : html`<${Empty} title=${t('events.empty')}>${t('events.emptyNote')}<//>`)}
    ${items && html`<${LoadMore} ...${paging} problem=${problem} onMore=${more} />`}`;
}
