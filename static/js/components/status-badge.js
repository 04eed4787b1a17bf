// An attendance status in words, with a colour and a sign that say the same.
import { t } from '../i18n.js';
import { html } from '../view.js';
import { Icon } from './icon.js';

const LOOKS = { present: ['present', 'check'], late: ['late', 'clock'], not_registered: ['absent', 'cross'] };

export function StatusBadge({ status }) {
  const [look, icon] = LOOKS[status] ?? ['excused', 'leave'];
  return html`<span class=${`badge badge-${look}`} data-status=${status}><${Icon} name=${icon} size=${16} />${t(`status.${status}`)}</span>`;
}
