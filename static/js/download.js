// Giving a file to the reader: made here, or fetched by a signed call that a plain link could not make.

const KEPT_MILLISECONDS = 60_000;

export function saveFile(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // Some browsers begin to read only after the click.
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MILLISECONDS);
}

export const saveText = (text, name, type = 'text/plain') => saveFile(new Blob([text], { type: `${type};charset=utf-8` }), name);
