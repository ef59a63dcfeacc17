'use strict';

const at = (id) => document.getElementById(id);
const fields = ['code', 'username', 'password', 'repeat'];

// A link may carry the code in its fragment, which browsers never send; it then leaves the address bar and the history.
function takeCode() {
  const code = new URLSearchParams(location.hash.slice(1)).get('code');
  if (!code) return;
  at('code').value = code;
  history.replaceState(null, '', location.pathname);
}

// Server text goes in as text only, beside its field, or above the button when it belongs to none.
function say(name, text) {
  const field = fields.includes(name);
  const place = at(field ? name + '-wrong' : 'form-wrong');
  place.textContent = [place.textContent, text].filter(Boolean).join(' ');
  if (field) at(name).setAttribute('aria-invalid', 'true');
}

function forget() {
  for (const place of document.querySelectorAll('.wrong')) place.textContent = '';
  for (const name of fields) at(name).removeAttribute('aria-invalid');
}

// RFC 9457: errors[].pointer is a JSON Pointer into the body that was sent.
function refuse(problem, status) {
  const errors = Array.isArray(problem.errors) ? problem.errors : [];
  for (const e of errors) say(String(e.pointer).split('/').pop(), String(e.detail));
  if (errors.length) return;
  say(problem.code === 'wrong_code' ? 'code' : '', problem.detail || problem.title || `The server answered ${status}.`);
}

function welcome(username) {
  at('made').textContent = `Admin ${username} is made.`;
  at('open').hidden = true;
  at('done').hidden = false;
  at('done').focus();
}

async function ask(body) {
  const answer = await fetch('/v1/setup', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
  if (answer.status === 201) return welcome(body.username);
  refuse(await answer.json().catch(() => ({})), answer.status);
}

async function submit(event) {
  event.preventDefault();
  forget();
  const [code, username, password, repeat] = fields.map((name) => at(name).value);
  if (password !== repeat) say('repeat', 'The two passwords differ.');
  else {
    at('send').disabled = true;
    await ask({ code: code.trim(), username, password }).catch(() => say('', 'The server cannot be reached. Try again.'));
    at('send').disabled = false;
  }
  document.querySelector('[aria-invalid]')?.focus();
}

function show() {
  const hidden = at('password').type === 'password';
  for (const name of ['password', 'repeat']) at(name).type = hidden ? 'text' : 'password';
  at('show').setAttribute('aria-pressed', hidden);
  at('show').textContent = hidden ? 'Hide' : 'Show';
}

takeCode();
addEventListener('hashchange', takeCode);
at('form').addEventListener('submit', submit);
at('show').addEventListener('click', show);
