// On the sign-in pages: why you are here, when a scanned code or an ended session brought you.
import { arrival } from '../arrival.js';
import { t } from '../i18n.js';
import { session } from '../session.js';
import { useStore } from '../store.js';
import { html } from '../view.js';
import { Alert } from './alert.js';

export function ArrivalNotice() {
  const arrived = useStore(arrival);
  const { ended } = useStore(session);
  if (arrived?.hold) return html`<${Alert} test="arrival-note">${t('arrival.signIn', { event: arrived.event_name })}<//>`;
  if (arrived?.problem) return html`<${Alert} kind="error" test="arrival-note">${arrived.problem.detail}<//>`;
  if (ended) return html`<${Alert} kind="warning" test="session-ended">${t('signIn.ended')}<//>`;
  return null;
}
