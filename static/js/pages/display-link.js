// The page for the projector, opened by a link: nobody is signed in at that machine. The link's token stays in the
// address bar, so that a machine that starts anew shows the code again.
import { call } from '../api.js';
import { Button } from '../components/button.js';
import { Projection } from '../components/projection.js';
import { ProjectionMessage } from '../components/projection-message.js';
import { t } from '../i18n.js';
import { useLiveCode } from '../live-code.js';
import { usePolling } from '../loading.js';
import { fragment, onFragment } from '../router.js';
import { html, useCallback, useEffect, useState } from '../view.js';

const EVERY_MILLISECONDS = 3000;
// Nothing will come of asking again: the link is none, was revoked, or its event is gone.
const FINAL = [400, 401, 403, 404, 410];

export default function DisplayLink() {
  const [token, setToken] = useState(fragment);
  useEffect(() => onFragment(() => setToken(fragment())), []);
  if (!token) return html`<${ProjectionMessage} title=${t('displayLink.invalid')} note=${t('displayLink.invalidNote')} />`;
  return html`<${Linked} key=${token} token=${token} />`;
}

function Linked({ token }) {
  const ask = useCallback((method, path, options) => call(method, path, { ...options, token }), [token]);
  const [shown, setShown] = useState({ event: null, problem: null });
  const refresh = async () => {
    try {
      setShown({ event: await ask('GET', '/display'), problem: null });
    } catch (problem) {
      setShown((old) => ({ ...old, problem }));
    }
  };
  usePolling(refresh, EVERY_MILLISECONDS);
  const { event, problem } = shown;
  const over = FINAL.includes(problem?.status);
  const live = useLiveCode(over ? null : event?.event_id, ask);
  if (over) return html`<${ProjectionMessage} title=${t('displayLink.invalid')} note=${t('displayLink.invalidNote')} />`;
  if (!event && problem) {
    return html`<${ProjectionMessage} title=${problem.detail}><${Button} onClick=${refresh}>${t('action.retry')}<//><//>`;
  }
  const recorded = event?.statistics?.recorded ?? null;
  return html`<${Projection} name=${event?.name} live=${live} recorded=${recorded} />`;
}
