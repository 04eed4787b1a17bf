// Everything the server holds about oneself, as a file.
import { saveFile } from '../download.js';
import { t } from '../i18n.js';
import { useSubmit } from '../loading.js';
import { signedCall } from '../session.js';
import { html } from '../view.js';
import { Alert } from './alert.js';
import { Button } from './button.js';
import { Icon } from './icon.js';

export function MyData() {
  const { busy, problem, submit } = useSubmit(async () => {
    saveFile(await signedCall('GET', '/me/export', { asFile: true, patience: 600_000 }), t('data.file'));
  });
  return html`
    <section class="panel section" aria-labelledby="my-data">
      <div class="titled"><h2 id="my-data">${t('data.title')}</h2><p class="soft">${t('data.note')}</p></div>
      ${problem && html`<${Alert} kind="error">${problem.detail}<//>`}
      <div class="actions"><${Button} look="button-plain" busy=${busy} onClick=${submit} test="data-export"><${Icon} name="download" size=${20} />${t('data.download')}<//></div>
    </section>`;
}
