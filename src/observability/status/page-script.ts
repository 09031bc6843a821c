/**
 * The script of the page. The page is whole without it: the script only adds the reader's own times, the filter, and
 * a renewal that keeps what the reader has opened and typed. It asks for nothing but the page itself and stores
 * nothing, neither in the browser nor in the address, because somebody may type anything into a filter. Its words
 * come from the page.
 */
export const SCRIPT = `
(() => {
  'use strict';
  const one = (selector, root = document) => root.querySelector(selector);
  const each = (selector, root = document) => [...root.querySelectorAll(selector)];
  const filter = one('.filter');
  const input = one('.filter input');
  const stale = one('.stale');
  const { few, every, count } = filter.dataset;

  const two = (number) => String(number).padStart(2, '0');
  const dayOf = (date) => [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  const timeOf = (date) => two(date.getHours()) + ':' + two(date.getMinutes());
  function zoneOf(date) {
    const format = new Intl.DateTimeFormat(document.documentElement.lang, { timeZoneName: 'short' });
    return format.formatToParts(date).find(({ type }) => type === 'timeZoneName').value;
  }

  /** Adds the reader's own time, with its zone, to the server's. */
  function addLocalTimes() {
    const today = dayOf(new Date(one('.top time').dateTime));
    for (const time of each('time')) {
      const date = new Date(time.dateTime);
      if (date.getTimezoneOffset() === 0) continue;
      // Where the server says no day, it is that of the reader.
      const [said = today] = /^\\d+-\\d+-\\d+/.exec(time.textContent) ?? [];
      const day = dayOf(date) === said ? '' : dayOf(date) + ' ';
      const seconds = /:\\d\\d:/.test(time.textContent) ? ':' + two(date.getSeconds()) : '';
      const local = document.createElement('span');
      local.className = 'local';
      local.textContent = ' (' + day + timeOf(date) + seconds + ' ' + zoneOf(date) + ')';
      time.append(local);
    }
    for (const hour of each('g[data-from]')) {
      const from = new Date(hour.dataset.from);
      if (from.getTimezoneOffset() === 0) continue;
      const to = new Date(from.getTime() + 3600000);
      one('title', hour).textContent += ' (' + timeOf(from) + '\\u2013' + timeOf(to) + ' ' + zoneOf(from) + ')';
    }
  }

  /** Full-width and capital letters find the same as others. */
  const fold = (text) => text.normalize('NFKC').toLowerCase();

  function applyFilter() {
    const words = fold(input.value).split(/\\s+/).filter((word) => word !== '');
    const all = each('[data-find]');
    for (const entry of all) {
      const text = fold(entry.dataset.find);
      entry.hidden = !words.every((word) => text.includes(word));
    }
    const shown = all.filter(({ hidden }) => !hidden).length;
    filter.hidden = all.length <= Number(few) && input.value === '';
    const told = words.length === 0 ? '' : count.replace('{shown}', shown).replace('{all}', all.length);
    const output = one('output', filter);
    if (output.textContent !== told) output.textContent = told;
  }

  /** Takes over a newer page, and keeps what is open and where the focus is. */
  function show(next) {
    const isOther = (tag) => one(tag, next).textContent !== one(tag).textContent;
    // Another version of the program.
    if (isOther('style') || isOther('script')) return location.reload();
    const open = new Set(each('details[open]').map(({ dataset }) => dataset.key));
    const focus = document.activeElement?.closest('[data-key]')?.dataset.key;
    document.title = next.title;
    for (const part of ['link[rel=icon]', '.top', 'main']) one(part).replaceWith(document.importNode(one(part, next), true));
    for (const details of each('details')) {
      details.open = open.has(details.dataset.key);
      if (details.dataset.key === focus) one('summary', details).focus({ preventScroll: true });
    }
    addLocalTimes();
    applyFilter();
  }

  let answered = new Date();
  let due = Date.now() + every * 1000;

  /** Returns the page as it is now; undefined when the daemon does not answer with it. */
  async function ask() {
    const patience = AbortSignal.timeout(10000);
    const options = { headers: { accept: 'text/html' }, cache: 'no-store', signal: patience };
    try {
      const response = await fetch(location.pathname, options);
      const next = new DOMParser().parseFromString(await response.text(), 'text/html');
      return response.ok && one('main', next) ? next : undefined;
    } catch {
      return undefined;
    }
  }

  async function look() {
    if (document.hidden || Date.now() < due) return;
    due = Infinity;
    const next = await ask();
    due = Date.now() + every * 1000;
    stale.hidden = next !== undefined;
    if (next === undefined) {
      const at = timeOf(answered) + ' ' + zoneOf(answered);
      stale.textContent = stale.dataset.text.replace('{at}', at);
    } else {
      answered = new Date();
      show(next);
    }
  }

  input.addEventListener('input', applyFilter);
  document.addEventListener('keydown', (event) => {
    if (event.key === '/' && document.activeElement !== input && !filter.hidden) {
      event.preventDefault();
      input.focus();
      input.select();
    } else if (event.key === 'Escape' && document.activeElement === input) {
      input.value = '';
      applyFilter();
    }
  });
  document.addEventListener('visibilitychange', look);
  setInterval(look, 1000);
  addLocalTimes();
  applyFilter();
})();
`;
