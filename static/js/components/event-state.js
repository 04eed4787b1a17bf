// Whether an event takes scans now, in a word.
import { t } from '../i18n.js';
import { html } from '../view.js';
import { Icon } from './icon.js';

const LOOKS = {
  inactive: ['badge', 'cross'], upcoming: ['badge badge-excused', 'clock'], open: ['badge badge-present', 'scan'], closed: ['badge', 'check'],
};

export function stateOf(event, now = Date.now()) {
  if (!event.is_active) return 'inactive';
  if (event.opens_at && now < Date.parse(event.opens_at)) return 'upcoming';
  if (event.closes_at && now >= Date.parse(event.closes_at)) return 'closed';
  return 'open';
}

export function EventState({ event }) {
  const state = stateOf(event);
  const [look, icon] = LOOKS[state];
  return html`<span class=${look} data-test="event-state" data-state=${state}><${Icon} name=${icon} size=${16} />${t(`event.state.${state}`)}</span>`;
}
