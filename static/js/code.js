// What can be read off a screen: the text of a QR code, or eight digits.

// The code inside a scanned text, or null when the QR code is not one of an event.
// The text is an address in capitals (HTTPS://HOST/S/CODE), which keeps the picture small.
export function codeFromText(text) {
  const found = /\/s\/([0-9a-z]+)\/?$/i.exec(text.trim().split(/[?#]/)[0]);
  return found ? found[1].toUpperCase() : null;
}

// Digits only, at most eight.
export const digitsOf = (text) => text.replace(/\D/g, '').slice(0, 8);

// "12345678" as "1234 5678": two groups are read aloud and copied with fewer slips.
export const inTwoGroups = (digits) => (digits.length > 4 ? `${digits.slice(0, 4)} ${digits.slice(4)}` : digits);

// Made once per attempt and sent again on a retry, so that a scan counts once.
export function newNonce() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
