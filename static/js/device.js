// A browser's account of itself ("User-Agent"), in the two words that a person would use.

const BROWSERS = [
  ['Edge', /\bEdg(?:e|A|iOS)?\//], ['Opera', /\bOPR\/|\bOpera\b/], ['Samsung Internet', /\bSamsungBrowser\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//], ['Chrome', /\b(?:Chrome|Chromium|CriOS|HeadlessChrome)\//], ['Safari', /\bVersion\/[\d.]+.*\bSafari\//],
];
const SYSTEMS = [
  ['iPhone', /\biPhone\b/], ['iPad', /\biPad\b/], ['Android', /\bAndroid\b/], ['ChromeOS', /\bCrOS\b/],
  ['Windows', /\bWindows\b/], ['macOS', /\bMac(?: OS X|intosh)\b/], ['Linux', /\bLinux\b/],
];
const ON_PHONES = ['iPhone', 'iPad', 'Android'];

// {browser, system, kind: phone | computer | program}; what is not known is null. A program goes by the first
// word of what it says: "okhttp/4.12" is okhttp.
export function deviceOf(text) {
  const agent = text ?? '';
  const first = (list) => list.find(([, pattern]) => pattern.test(agent))?.[0] ?? null;
  const [browser, system] = [first(BROWSERS), first(SYSTEMS)];
  if (!browser && !system) return { browser: /^[\w.-]{1,40}/.exec(agent)?.[0] ?? null, system: null, kind: 'program' };
  return { browser, system, kind: ON_PHONES.includes(system) ? 'phone' : 'computer' };
}
