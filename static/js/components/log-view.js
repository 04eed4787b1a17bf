// The log as it is written: filtered by the server, paused by the reader.
import { followLog } from '../log-stream.js';
import { formatClock, t } from '../i18n.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from '../view.js';
import { Button } from './button.js';
import { Icon } from './icon.js';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'];
const KEPT = 500;
const SETTLE_MILLISECONDS = 300;
const AT_THE_END = 24;

export function LogView() {
  const [level, setLevel] = useState('info');
  const [text, setText] = useState('');
  const [following, setFollowing] = useState(true);
  const [lines, setLines] = useState([]);
  const [problem, setProblem] = useState(null);
  const box = useRef(null);
  const pinned = useRef(true);
  const last = useRef(null);
  const filter = useRef('');

  useEffect(() => {
    if (!following) return undefined;
    const wanted = `${level} ${text}`;
    let stop = () => {};
    // Another filter begins anew; going on after a pause continues behind the last line.
    if (filter.current !== wanted) last.current = null;
    const timer = setTimeout(() => {
      const anew = last.current === null;
      filter.current = wanted;
      if (anew) setLines([]);
      stop = followLog({ level, text, limit: 200 }, last.current, {
        onLines: (fresh) => {
          const numbered = fresh.filter((line) => line.sequence);
          if (numbered.length) last.current = numbered.at(-1).sequence;
          setLines((old) => [...old, ...fresh].slice(-KEPT));
        },
        onProblem: setProblem,
      });
    }, SETTLE_MILLISECONDS);
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [level, text, following]);

  useLayoutEffect(() => {
    if (pinned.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);
  const onScroll = () => {
    const { scrollTop, clientHeight, scrollHeight } = box.current;
    pinned.current = scrollHeight - scrollTop - clientHeight < AT_THE_END;
  };

  return html`
    <section class="section" aria-labelledby="log" data-test="log">
      <div class="section-head">
        <div>
          <h2 id="log">${t('log.title')}</h2>
          <div role="status">${following && html`<p class=${`live ${problem ? 'live-lost' : ''}`}>${problem?.status ? problem.detail : t(problem ? 'log.lost' : 'log.live')}</p>`}
            ${!following && html`<p class="soft">${t('log.paused')}</p>`}</div>
        </div>
        <div class="log-tools">
          <label class="filter"><span class="unseen">${t('log.level')}</span>
            <select class="input" value=${level} onChange=${(event) => setLevel(event.currentTarget.value)} data-test="log-level">
              ${LEVELS.map((name) => html`<option value=${name}>${t(`log.from.${name}`)}</option>`)}
            </select></label>
          <label class="filter"><span class="unseen">${t('log.filter')}</span>
            <input class="input" type="search" placeholder=${t('log.filter')} value=${text} maxlength="200" autocomplete="off" spellcheck=${false}
              onInput=${(event) => setText(event.currentTarget.value)} data-test="log-text" /></label>
          <${Button} look="button-plain" onClick=${() => setFollowing(!following)} test="log-follow" aria-pressed=${String(following)}>
            <${Icon} name=${following ? 'pause' : 'play'} /><span>${t(following ? 'log.pause' : 'log.follow')}</span>
          <//>
        </div>
      </div>
      <div class="log-lines" ref=${box} tabindex="0" role="log" aria-live="off" aria-label=${t('log.title')} onScroll=${onScroll} data-test="log-lines">
        ${lines.length === 0 && html`<p class="log-empty">${t('log.empty')}</p>`}
        ${lines.map((line) => (line.missed
          ? html`<p class="log-missed">${t('log.missed', { count: line.missed })}</p>`
          : html`<p key=${line.sequence} class=${`log-line log-${line.level}`} data-test="log-line"><time>${line.time ? formatClock(line.time) : ''}</time> <b>${t(`log.word.${line.level}`)}</b> <span>${line.text}</span></p>`))}
      </div>
    </section>`;
}
