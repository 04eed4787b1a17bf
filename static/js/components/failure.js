// Something could not be loaded: what the server said, and a way to try again.
import { t } from '../i18n.js';
import { html } from '../view.js';
import { Button } from './button.js';
import { Icon } from './icon.js';

export function Failure({ problem, retry }) {
  // What does not exist will not come by asking again.
  const missing = problem.status === 404;
  return html`
    <div class="placeholder" role="alert">
      <${Icon} name="warning" size=${36} />
      <h3>${t(missing ? 'lost.title' : 'failure.title')}</h3>
      <p>${problem.detail}</p>
      ${retry && !missing && html`<${Button} look="button-plain" onClick=${retry}>${t('action.retry')}<//>`}
    </div>`;
}
