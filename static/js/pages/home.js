// The first page: the way to the scanner, today, and one's own attendance so far.
import { Empty } from '../components/empty.js';
import { Failure } from '../components/failure.js';
import { Icon } from '../components/icon.js';
import { LoadMore } from '../components/load-more.js';
import { MyLedger } from '../components/my-ledger.js';
import { Skeleton } from '../components/skeleton.js';
import { formatDate, t } from '../i18n.js';
import { usePages, useResource } from '../loading.js';
import { isStaff, useUser } from '../session.js';
import { html } from '../view.js';

export default function Home() {
  const user = useUser();
  const today = useResource('/me/attendance/today');
  const history = usePages('/me/attendance');
  // Today's rows begin the history too, so it waits until it is known which those are.
  const shown = new Set(today.data?.items.map((row) => row.event_id));
  const earlier = today.data || today.problem ? history.items?.filter((row) => !shown.has(row.event_id)) : null;
  // Nothing to add to what today's list says, be it that there is nothing or that it failed.
  const hasMore = earlier ? earlier.length > 0 || history.cursor || history.problem : !(today.problem && history.problem);
  const retry = () => {
    today.reload();
    if (history.problem) history.retry();
  };
  return html`
    <div class="page-head">
      <div>
        <p class="soft numbers">${today.data ? formatDate(today.data.date, true) : '\u00a0'}</p>
        <h1 tabindex="-1">${t(greeting(new Date().getHours()), { name: user?.name ?? '' })}</h1>
      </div>
    </div>
    <div class="home">
      <div class="home-side">
        <a class="scan-call" href="/app/scan" data-test="home-scan">
          <${Icon} name="scan" />
          <span><strong>${t('home.scan')}</strong><small>${t('home.scanNote')}</small></span>
          <${Icon} name="onward" />
        </a>
        ${isStaff(user) && html`<a class="button button-plain" href="/app/events/new"><${Icon} name="plus" />${t('home.newEvent')}</a>`}
      </div>
      <div>
        <section class="section" aria-labelledby="today">
          <h2 id="today">${t('home.today')}</h2>
          ${today.problem && html`<${Failure} problem=${today.problem} retry=${retry} />`}
          ${!today.data && !today.problem && html`<${Skeleton} lines=${2} />`}
          ${today.data && (today.data.items.length
            ? html`<${MyLedger} rows=${today.data.items} withDay=${false} />`
            : html`<${Empty} icon="scan" title=${t('home.todayEmpty')}>${t('home.todayEmptyNote')}<//>`)}
        </section>
        ${hasMore && html`
          <section class="section" aria-labelledby="history">
            <h2 id="history">${t('home.earlier')}</h2>
            ${!earlier && history.problem && html`<${Failure} problem=${history.problem} retry=${history.retry} />`}
            ${!earlier && !history.problem && html`<${Skeleton} />`}
            ${earlier && html`<${MyLedger} rows=${earlier} /><${LoadMore} ...${history} onMore=${history.more} />`}
          </section>`}
      </div>
    </div>`;
}

function greeting(hour) {
  if (hour < 5) return 'home.night';
  if (hour < 13) return 'home.morning';
  if (hour < 18) return 'home.afternoon';
  return 'home.evening';
}
