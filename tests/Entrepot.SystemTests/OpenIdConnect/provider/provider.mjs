// A real provider on a port that the kernel chose, with its own login pages. Prints its issuer; takes the client's redirect address as the first line of
// its input, as the client's port is known only then; ends with its input.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { Provider } from 'oidc-provider';

const groups = { jane: ['staff', 'mirror-admins'], joe: ['canteen'] };
let redirect = 'http://127.0.0.1/';

class Adapter {
  static kept = new Map();
  constructor(model) { this.model = model; }
  key(id) { return `${this.model}:${id}`; }
  async upsert(id, payload) { Adapter.kept.set(this.key(id), payload); }
  async find(id) {
    return this.model === 'Client'
      ? { client_id: 'entrepot', client_secret: 'a long secret of the client /+:', redirect_uris: [redirect], id_token_signed_response_alg: 'ES256' }
      : Adapter.kept.get(this.key(id));
  }
  async findByUid(uid) { return [...Adapter.kept].find(([key, value]) => key.startsWith(`${this.model}:`) && value.uid === uid)?.[1]; }
  async findByUserCode() { return undefined; }
  async destroy(id) { Adapter.kept.delete(this.key(id)); }
  async consume(id) { const one = Adapter.kept.get(this.key(id)); if (one) one.consumed = Math.floor(Date.now() / 1000); }
  async revokeByGrantId(grant) { for (const [key, value] of Adapter.kept) if (value.grantId === grant) Adapter.kept.delete(key); }
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const key = { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'ES256' };
  const provider = new Provider(issuer, {
    adapter: Adapter,
    jwks: { keys: [key] },
    cookies: { keys: ['only for tests'] },
    pkce: { required: () => true },
    scopes: ['openid', 'profile', 'groups'],
    claims: { openid: ['sub'], profile: ['preferred_username'], groups: ['groups'] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: id, groups: groups[id] ?? [] }) }),
  });
  server.on('request', provider.callback());
  console.log(issuer);
});

createInterface({ input: process.stdin }).once('line', (line) => { redirect = line; }).once('close', () => process.exit(0));
