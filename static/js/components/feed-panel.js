// How full the social feed is, against what it may take. Posts of one person are removed on their page.
import { formatBytes, formatCount, formatPercent } from '../figures.js';
import { t } from '../i18n.js';
import { useResource } from '../loading.js';
import { html } from '../view.js';
import { Alert } from './alert.js';
import { Skeleton } from './skeleton.js';

export function FeedPanel() {
  const { data: size, problem } = useResource('/social/size');
  return html`
    <section class="panel section" aria-labelledby="feed">
      <div class="titled"><h2 id="feed">${t('feed.title')}</h2><p class="soft">${t('feed.note')}</p></div>
      ${problem && html`<${Alert} kind="error">${problem.detail}<//>`}
      ${size ? html`
        <dl class="facts" data-test="feed-size">
          <div><dt>${t('feed.posts')}</dt><dd class="numbers">${formatCount(size.posts)}</dd></div>
          <div><dt>${t('feed.taken')}</dt><dd class="numbers">${t('feed.takenOf', {
            bytes: formatBytes(size.bytes), bound: formatBytes(size.bound_bytes), share: formatPercent((size.bytes / size.bound_bytes) * 100),
          })}</dd></div>
        </dl>` : !problem && html`<${Skeleton} />`}
    </section>`;
}
