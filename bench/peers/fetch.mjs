// SPDX-License-Identifier: MIT
// Node's own fetch, a fixed number of requests at a time.   fetch.mjs URL TASKS CONNECTIONS
const [url, tasks, connections] = [process.argv[2], +process.argv[3], +process.argv[4]];
const headers = {
  Authorization: 'Bearer sk-bench',
  'Content-Type': 'application/json',
  Accept: 'application/json',
};
const body = JSON.stringify({ base64Array: [], prompt: 'black cat, cinematic lighting' });
const queue = Array.from({ length: tasks }, () => ({}));
let head = 0;
let polls = 0;

async function ask(path, options) {
  const reply = await fetch(url + path, { headers, ...options });
  if (reply.status !== 200) throw new Error(`http ${reply.status}`);
  return reply.json();
}

async function worker() {
  while (head < queue.length) {
    const task = queue[head++];
    if (!task.id) {
      task.id = (await ask('/mj/submit/imagine', { method: 'POST', body })).result;
      queue.push(task);
      continue;
    }
    polls++;
    const { status } = await ask(`/mj/task/${task.id}/fetch`);
    if (status !== 'SUCCESS') queue.push(task);
  }
}

await Promise.all(Array.from({ length: connections }, worker));
console.log(`polls=${polls}`);
