// People from a spreadsheet: the file is tried first, row by row, and read for good only when that is wanted.
import { Alert } from '../components/alert.js';
import { Button } from '../components/button.js';
import { DropFile } from '../components/drop-file.js';
import { Icon } from '../components/icon.js';
import { ImportReport } from '../components/import-report.js';
import { saveText } from '../download.js';
import { t } from '../i18n.js';
import { useInstance } from '../instance.js';
import { useSubmit } from '../loading.js';
import { signedCall } from '../session.js';
import { html, useEffect, useRef, useState } from '../view.js';

const COLUMNS = ['email', 'name', 'surname', 'username', 'role', 'language', 'password_hash'];
const IN_EXAMPLE = 6;
const NEEDED = 3;
const EXAMPLE = ['ada.bianchi@example.org,Ada,Bianchi,,user,it', 'ugo.verdi@example.org,Ugo,Verdi,ugo,staff,en'];
// Every account costs a moment: a school in one file takes minutes.
const PATIENCE_MILLISECONDS = 300_000;

export default function ImportPeople() {
  const instance = useInstance();
  const [file, setFile] = useState(null);
  const [report, setReport] = useState(null);
  const heading = useRef(null);
  useEffect(() => { if (report) heading.current?.focus(); }, [report]);
  const send = async (chosen, dry_run) => signedCall('POST', '/users/import', {
    body: chosen, type: 'text/csv', query: { dry_run }, patience: PATIENCE_MILLISECONDS,
  });
  const trying = useSubmit(async () => setReport(await send(file, true)));
  const importing = useSubmit(async () => setReport(await send(file, false)));
  const choose = (chosen) => {
    setReport(null);
    setFile(chosen);
  };
  // A chosen file is tried at once: that changes nothing.
  useEffect(() => { if (file) trying.submit(); }, [file]);
  const problem = trying.problem ?? importing.problem;
  return html`
    <a class="back" href="/app/people"><${Icon} name="back" size=${20} />${t('people.title')}</a>
    <div class="page-head"><div><h1 tabindex="-1">${t('import.title')}</h1><p class="soft">${t('import.note')}</p></div></div>
    <div class="stack">
      ${!report && html`
        <div class="columns">
          <${DropFile} label=${t('import.choose')} hint=${t('import.drop')} accept=".csv,text/csv" busy=${trying.busy && t('import.trying')} onFile=${choose} test="import-file" />
          <section class="panel section" aria-labelledby="columns">
            <h2 id="columns">${t('import.columns')}</h2>
            <dl class="facts import-columns">${COLUMNS.map((name, nth) => html`
              <div><dt><code>${name}</code>${nth < NEEDED && html` <small>${t('import.needed')}</small>`}</dt><dd>${t(`import.column.${name}`)}</dd></div>`)}</dl>
            <div class="actions">
              <${Button} look="button-plain" onClick=${() => saveText(`${[COLUMNS.slice(0, IN_EXAMPLE).join(','), ...EXAMPLE].join('\r\n')}\r\n`, t('import.exampleFile'), 'text/csv')}
                test="import-example"><${Icon} name="download" size=${20} />${t('import.example')}<//>
            </div>
          </section>
        </div>`}
      ${problem && html`<${Alert} kind="error" test="import-problem">${problem.detail}<//>`}
      ${report && html`
        <section class="section" data-test="import-report" data-dry=${report.dry_run}>
          <div class="section-head">
            <div><h2 ref=${heading} tabindex="-1">${t(report.dry_run ? 'import.tried' : 'import.done')}</h2><p class="soft">${file.name}</p></div>
            <div class="actions">
              <${Button} look="button-plain" onClick=${() => choose(null)} test="import-again">${t('import.another')}<//>
              ${report.dry_run
                ? report.created > 0 && html`<${Button} busy=${importing.busy} onClick=${importing.submit} test="import-run">${t('import.run', { count: report.created })}<//>`
                : html`<a class="button" href="/app/people" data-test="import-done">${t('import.toPeople')}</a>`}
            </div>
          </div>
          <${Alert} kind=${report.refused ? 'warning' : report.dry_run ? 'info' : 'good'}>${t(note(report))}<//>
          ${!report.dry_run && report.created > 0 && html`<p class="soft">${t(instance?.password_mail ? 'import.passwordsByMail' : 'import.passwordsByLink')}</p>`}
          <${ImportReport} report=${report} />
        </section>`}
    </div>`;
}

function note({ dry_run, created, refused }) {
  if (dry_run) return refused ? 'import.triedSome' : created ? 'import.triedAll' : 'import.triedNone';
  return refused ? 'import.doneSome' : 'import.doneAll';
}
