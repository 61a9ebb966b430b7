const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMs = 100;
const plainLineMs = 10_000;

/**
 * Shows that something long is under way, with the seconds it has taken: a spinner on a terminal, a plain
 * line now and then elsewhere. Writes to standard error, since standard output belongs to the task.
 */
export function startProgress(title, stream = process.stderr) {
  const startMs = Date.now();
  const seconds = () => ((Date.now() - startMs) / 1000).toFixed(stream.isTTY ? 1 : 0);
  let detail = '';
  let tick = 0;
  const line = () => `${title} ... ${seconds()} s${detail === '' ? '' : `  ${detail}`}`;
  const draw = () => {
    if (!stream.isTTY) return stream.write(`${line()}\n`);
    const width = Math.max(20, (stream.columns ?? 80) - 1);
    stream.write(`\r\x1b[K${`${frames[tick++ % frames.length]} ${line()}`.slice(0, width)}`);
  };
  if (!stream.isTTY) stream.write(`${title} ...\n`);
  const timer = setInterval(draw, stream.isTTY ? frameMs : plainLineMs);
  const end = (text) => {
    clearInterval(timer);
    stream.write(`${stream.isTTY ? '\r\x1b[K' : ''}${text}\n`);
  };
  return {
    /** What is being done right now. */
    detail: (text) => {
      detail = text;
    },
    succeed: () => end(`${title}: done in ${seconds()} s`),
    fail: () => end(`${title}: failed after ${seconds()} s`),
  };
}
