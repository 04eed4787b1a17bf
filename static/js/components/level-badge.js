// How things are, in words, with a colour and a sign that say the same.
import { t } from '../i18n.js';
import { html } from '../view.js';
import { Icon } from './icon.js';

const LOOKS = { ok: ['present', 'check'], attention: ['late', 'warning'], alarm: ['absent', 'warning'] };

export function LevelBadge({ level, test }) {
  const [look, icon] = LOOKS[level] ?? ['excused', 'info'];
  return html`<span class=${`badge badge-${look}`} data-test=${test} data-level=${level}><${Icon} name=${icon} size=${16} />${t(`level.${level}`)}</span>`;
}
