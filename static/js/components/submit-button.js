// The button that sends a form. Refused for asking too often, it counts down to when it may be pressed again.
import { t } from '../i18n.js';
import { useWait } from '../loading.js';
import { html } from '../view.js';
import { Button } from './button.js';

export function SubmitButton({ busy, problem, children, ...rest }) {
  const left = useWait(problem);
  return html`
    <${Button} type="submit" busy=${busy} blocked=${left > 0} data-wait=${left || undefined} ...${rest}>
      ${left > 0 ? html`<span class="numbers">${t('action.wait', { time: clock(left) })}</span>` : children}
    <//>`;
}

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
