// The app's language: strings, plurals, dates and numbers. Strings live in static/i18n/*.json,
// the same keys in each; a value is a string with {placeholders} or a set of plural forms.
import { createStore, useStore } from './store.js';

export const LANGUAGES = ['en', 'it'];
export const knowsLanguage = (code) => LANGUAGES.includes(code);
const KEY = 'language';
const strings = {};

export const language = createStore(preferred());

export const currentLanguage = () => language.get();
export const useLanguage = () => useStore(language);

export async function bootLanguage() {
  await load(currentLanguage());
  apply(currentLanguage());
}

export async function setLanguage(code) {
  if (!knowsLanguage(code)) return;
  try { localStorage.setItem(KEY, code); } catch { /* remembered for this page only */ }
  if (code === currentLanguage()) return;
  await load(code);
  apply(code);
  language.set(code);
}

export function t(key, values = {}) {
  const entry = strings[currentLanguage()]?.[key];
  if (entry === undefined) return key;
  const text = typeof entry === 'string'
    ? entry
    : entry[new Intl.PluralRules(currentLanguage()).select(values.count)] ?? entry.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

function preferred() {
  let kept = null;
  try { kept = localStorage.getItem(KEY); } catch { /* fall through to the browser's own */ }
  if (knowsLanguage(kept)) return kept;
  const wanted = (navigator.languages ?? [navigator.language]).map((tag) => tag.slice(0, 2).toLowerCase());
  return wanted.find(knowsLanguage) ?? 'en';
}

async function load(code) {
  if (strings[code]) return;
  const response = await fetch(new URL(`../i18n/${code}.json`, import.meta.url));
  if (!response.ok) throw new Error(`strings for ${code}: ${response.status}`);
  strings[code] = await response.json();
}

function apply(code) {
  document.documentElement.lang = code;
}

const LONG_DAY = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' };
const CLOCK = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };

export const formatTime = (instant, timeZone) => format(instant, { ...CLOCK, timeZone });
export const formatClock = (instant) => format(instant, { ...CLOCK, second: '2-digit' });
export const formatDayTime = (instant) => format(instant, { day: 'numeric', month: 'short', ...CLOCK });
export const formatDayOfMonth = (instant) => format(instant, { day: 'numeric', month: 'short' });
export const formatLongDay = (instant) => format(instant, { day: 'numeric', month: 'long', year: 'numeric' });
export const formatDay = (instant, timeZone) => format(instant, { ...shortDay(instant), timeZone });

// A calendar date ("2026-11-23") belongs to no zone: it is formatted as it stands.
export function formatDate(date, long = false) {
  const noon = `${date}T12:00:00Z`;
  return format(noon, { ...(long ? LONG_DAY : shortDay(noon)), timeZone: 'UTC' });
}

// The year only where it is not this one.
function shortDay(instant) {
  const thisYear = new Date(instant).getFullYear() === new Date().getFullYear();
  return { weekday: 'short', day: 'numeric', month: 'short', year: thisYear ? undefined : 'numeric' };
}

// How long ago, in the largest unit that fits: "3 hours ago"; "now" within a minute.
export function formatAgo(instant, now = Date.now()) {
  const seconds = Math.round((Date.parse(instant) - now) / 1000);
  const [unit, size] = AGO.find(([, least]) => Math.abs(seconds) >= least) ?? ['second', 1];
  const amount = unit === 'second' ? 0 : Math.trunc(seconds / size);
  return new Intl.RelativeTimeFormat(currentLanguage(), { numeric: 'auto' }).format(amount, unit);
}

const AGO = [['year', 31_536_000], ['month', 2_592_000], ['day', 86_400], ['hour', 3_600], ['minute', 60]];

export const formatNumber = (number) => new Intl.NumberFormat(currentLanguage()).format(number);

export const formatShare = (fraction) => new Intl.NumberFormat(currentLanguage(), {
  style: 'percent', maximumFractionDigits: 1,
}).format(fraction);

function format(instant, options) {
  const date = new Date(instant);
  if (!instant || Number.isNaN(date.getTime())) return '–';
  // British order and a 24-hour clock: the reader's date is the same length in both languages.
  const locale = currentLanguage() === 'en' ? 'en-GB' : currentLanguage();
  try {
    return new Intl.DateTimeFormat(locale, options).format(date);
  } catch {
    // A zone this browser has not heard of yet.
    return new Intl.DateTimeFormat(locale, { ...options, timeZone: undefined }).format(date);
  }
}
