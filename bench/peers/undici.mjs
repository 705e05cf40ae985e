// SPDX-License-Identifier: MIT
// undici's Pool, a promise for each task.   undici.mjs URL TASKS CONNECTIONS
import { Pool } from 'undici';

const [url, tasks, connections] = [process.argv[2], +process.argv[3], +process.argv[4]];
const pool = new Pool(url, { connections });
const headers = {
  Authorization: 'Bearer sk-bench',
  'Content-Type': 'application/json',
  Accept: 'application/json',
};
const body = JSON.stringify({ base64Array: [], prompt: 'black cat, cinematic lighting' });
let polls = 0;

async function ask(options) {
  const reply = await pool.request({ headers, ...options });
  if (reply.statusCode !== 200) throw new Error(`http ${reply.statusCode}`);
  return reply.body.json();
}

async function task() {
  const { result } = await ask({ path: '/mj/submit/imagine', method: 'POST', body });
  let status;
  do {
    ({ status } = await ask({ path: `/mj/task/${result}/fetch`, method: 'GET' }));
    polls++;
  } while (status !== 'SUCCESS');
}

await Promise.all(Array.from({ length: tasks }, task));
await pool.close();
console.log(`polls=${polls}`);
