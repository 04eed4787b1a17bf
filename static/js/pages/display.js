// The page for the projector, for staff.
import { Button } from '../components/button.js';
import { Projection } from '../components/projection.js';
import { ProjectionMessage } from '../components/projection-message.js';
import { t } from '../i18n.js';
import { useLiveCode } from '../live-code.js';
import { usePolling, useResource } from '../loading.js';
import { signedCall } from '../session.js';
import { html, useState } from '../view.js';

const COUNT_MILLISECONDS = 3000;

export default function Display({ event_id }) {
  const path = `/events/${encodeURIComponent(event_id)}`;
  const { data: event, problem, reload } = useResource(path);
  const live = useLiveCode(event_id);
  const recorded = useRecorded(path);
  if (!event && problem) {
    return html`
      <${ProjectionMessage} title=${problem.detail}>
        <${Button} onClick=${reload}>${t('action.retry')}<//>
        <a class="button" href="/app/events">${t('events.title')}</a>
      <//>`;
  }
  return html`<${Projection} name=${event?.name} live=${live} recorded=${recorded} closing=${`/app${path}`} />`;
}

function useRecorded(path) {
  const [recorded, setRecorded] = useState(null);
  usePolling(async () => {
    try {
      const { statistics } = await signedCall('GET', `${path}/attendance`, { query: { limit: 1 } });
      setRecorded(statistics.recorded);
    } catch {
      // The code's own banner speaks for both; the last count stays.
    }
  }, COUNT_MILLISECONDS);
  return recorded;
}
