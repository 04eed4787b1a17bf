// Something could not be loaded: what the server said, and a way to try again.
import { t } from '../i18n.js';
import { html } from '../view.js';
import { Button } from './button.js';
import { Icon } from './icon.js';

export function Failure({ problem, retry }) {
  return html`
    <div class="placeholder" role="alert">
      <${Icon} name="warning" size=${36} />
      <h3>${t('failure.title')}</h3>
      <p>${problem.detail}</p>
      ${retry && html`<${Button} look="button-plain" onClick=${retry}>${t('action.retry')}<//>`}
    </div>`;
}
