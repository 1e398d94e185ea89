// A client as the providers' documentation shows it: it waits as long as Retry-After says, then asks again (R130).
//
//   node retry.mjs URL HEADER=VALUE... --times N
//
// Sends N requests one after the other. Prints one line of JSON: how many were answered 200, how many 429 were met, and how
// many seconds it waited in all.

const words = process.argv.slice(2);
const times = Number(words[words.indexOf('--times') + 1]);
const [url, ...pairs] = words.slice(0, words.indexOf('--times'));
const headers = Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
const RETRIES_MAX = 5;
const met = { answered: 0, limited: 0, waited: 0 };

const rest = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

async function ask() {
  for (let attempt = 0; attempt <= RETRIES_MAX; attempt++) {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(30_000) });
    const body = await response.json();
    if (response.ok) return body;
    if (response.status !== 429) throw new Error(`${body.title}: ${body.detail}`);
    const seconds = Number(response.headers.get('retry-after'));
    if (!Number.isInteger(seconds) || seconds < 1) throw new Error(`Retry-After is ${response.headers.get('retry-after')}`);
    met.limited++;
    met.waited += seconds;
    await rest(seconds);
  }
  throw new Error('still limited');
}

for (let count = 0; count < times; count++) {
  await ask();
  met.answered++;
}
console.log(JSON.stringify(met));
