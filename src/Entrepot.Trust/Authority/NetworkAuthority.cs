using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Entrepot.Core.Journal;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;

namespace Entrepot.Trust.Authority;

/// <summary>The network's private authority: it signs the certificates of nodes and of surfaces that were given none. Its keys are sealed at
/// rest. Safe for use by several threads.</summary>
public sealed class NetworkAuthority : IDisposable
{
    private readonly StateDatabase _database;
    private readonly SealingKey _sealing;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _changing = new(1, 1);
    private AuthorityState _state;

    private NetworkAuthority(StateDatabase database, SealingKey sealing, TimeProvider time, AuthorityState state)
        => (_database, _sealing, _time, _state) = (database, sealing, time, state);

    /// <summary>The authorities as they are now.</summary>
    public AuthorityState State => Volatile.Read(ref _state);

    /// <summary>Called after the authorities have changed.</summary>
    public Action? Changed { get; set; }

    /// <summary>Opens the authority, or makes it when the network has none.</summary>
    /// <param name="database">Where it is kept.</param>
    /// <param name="sealing">Seals its keys.</param>
    /// <param name="network">The network's name, for one that is made now.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="Core.Faults.FaultException"><see cref="SecretFault.Broken"/>: the keys were sealed by another key.</exception>
    public static async Task<NetworkAuthority> OpenAsync(StateDatabase database, SealingKey sealing, string network, TimeProvider time)
    {
        var rows = AuthorityTable.Read(database);
        if (rows.Count == 0)
        {
            var now = time.GetUtcNow();
            var (signer, row) = Make(sealing, network, now, now);
            signer.Certificate.Dispose();
            await database.WriteAsync(transaction =>
            {
                AuthorityTable.Add(transaction, row);
                JournalTable.Append(transaction, new JournalEntry(now, "system:authority", "authority.create", row.Fingerprint) { After = Text([row.Fingerprint]) });
            });
            rows = [row];
        }

        var authority = new NetworkAuthority(database, sealing, time, new AuthorityState(rows[^1].Network, [.. rows.Select(row => Open(sealing, row))]));
        await authority.TidyAsync();
        return authority;
    }

    /// <summary>Signs a node's certificate.</summary>
    public X509Certificate2 Issue(PublicKey key, NodeIdentity identity)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(identity.ToString()));
        return Sign(key, identity.Name.Value, names, [Certificates.ClientUse, Certificates.ServerUse], CertificateTimes.Lifetime);
    }

    /// <summary>Signs the certificate of a client that is no node.</summary>
    /// <param name="key">The key that it is for.</param>
    /// <param name="identity">Whom it names.</param>
    /// <param name="lifetime">For how long.</param>
    /// <param name="from">When it counts as made; null for now.</param>
    public X509Certificate2 IssueClient(PublicKey key, ClientIdentity identity, TimeSpan lifetime, DateTimeOffset? from = null)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(identity.ToString()));
        return Sign(key, identity.Name.Value, names, [Certificates.ClientUse], lifetime, from);
    }

    /// <summary>Signs a surface's certificate, for clients that believe the authority.</summary>
    /// <param name="key">The key that it is for.</param>
    /// <param name="hosts">Host names and addresses, at least one.</param>
    public X509Certificate2 IssueServer(PublicKey key, IReadOnlyList<string> hosts) => Sign(key, hosts[0], Certificates.HostNames(hosts), [Certificates.ServerUse], CertificateTimes.Lifetime);

    /// <summary>Makes the next authority. It is believed at once, and signs when every node has heard of it.</summary>
    /// <param name="overlap">For how long both are believed.</param>
    /// <param name="dryRun">True to only say what would be.</param>
    /// <param name="actor">Who does it, as in the journal.</param>
    /// <returns>The authorities as they are or would be.</returns>
    /// <exception cref="Core.Faults.FaultException"><see cref="AuthorityFault"/>.</exception>
    public async Task<AuthorityState> RotateAsync(TimeSpan overlap, bool dryRun, string actor)
    {
        await TidyAsync();
        await _changing.WaitAsync();
        try
        {
            var (state, now) = (State, _time.GetUtcNow());
            var old = state.Signers[0];
            var (signsFrom, oldUntil) = state.PlanRotation(now, overlap);
            var (next, row) = Make(_sealing, state.Network, now, signsFrom);
            var planned = state with { Signers = [old with { TrustedUntil = oldUntil }, next] };
            if (dryRun)
                return planned;
            await _database.WriteAsync(transaction =>
            {
                AuthorityTable.End(transaction, old.Fingerprint, oldUntil.ToUnixTimeMilliseconds());
                AuthorityTable.Add(transaction, row);
                JournalTable.Append(transaction, new JournalEntry(
                    now, actor, "authority.rotate", next.Fingerprint,
                    $$"""{"signsFrom":"{{signsFrom.UtcDateTime:O}}","old":"{{old.Fingerprint}}","oldTrustedUntil":"{{oldUntil.UtcDateTime:O}}"}""")
                {
                    Before = Text(state.Signers.Select(static signer => signer.Fingerprint)), After = Text(planned.Signers.Select(static signer => signer.Fingerprint)),
                });
            });
            Volatile.Write(ref _state, planned);
            Changed?.Invoke();
            return planned;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Drops authorities whose time is over, with their keys.</summary>
    /// <returns>True when there were any.</returns>
    public async Task<bool> TidyAsync()
    {
        await _changing.WaitAsync();
        try
        {
            var (state, now) = (State, _time.GetUtcNow());
            var over = state.Signers.Where(signer => signer.TrustedUntil < now).ToList();
            if (over.Count == 0 || over.Count == state.Signers.Length)
                return false;
            await _database.WriteAsync(transaction =>
            {
                var believed = state.Signers.Select(static signer => signer.Fingerprint).ToList();
                foreach (var signer in over)
                {
                    AuthorityTable.Remove(transaction, signer.Fingerprint);
                    var before = Text(believed);
                    believed.Remove(signer.Fingerprint);
                    JournalTable.Append(transaction, new JournalEntry(now, "system:authority", "authority.drop", signer.Fingerprint) { Before = before, After = Text(believed) });
                }
            });
            Volatile.Write(ref _state, state with { Signers = [.. state.Signers.Except(over)] });
            Changed?.Invoke();
            return true;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _changing.Dispose();

    private X509Certificate2 Sign(PublicKey key, string name, SubjectAlternativeNameBuilder names, IReadOnlyList<string> uses, TimeSpan lifetime, DateTimeOffset? from = null)
    {
        var now = _time.GetUtcNow();
        return Certificates.Sign(State.SignerAt(now).Certificate, key, name, names, uses, from ?? now, lifetime);
    }

    private static (Signer Signer, AuthorityRow Row) Make(SealingKey sealing, string network, DateTimeOffset now, DateTimeOffset signsFrom)
    {
        using var key = Certificates.NewKey();
        var signer = new Signer(Certificates.Authority(key, network, now), signsFrom, null);
        var plain = key.ExportPkcs8PrivateKey();
        try
        {
            return (signer, new AuthorityRow(
                signer.Fingerprint, network, signer.Certificate.RawData, sealing.Seal(plain, Purpose(signer.Fingerprint)), signsFrom.ToUnixTimeMilliseconds(), null));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private static Signer Open(SealingKey sealing, AuthorityRow row)
    {
        var plain = sealing.Open(row.SealedKey, Purpose(row.Fingerprint));
        try
        {
            using var key = ECDsa.Create();
            key.ImportPkcs8PrivateKey(plain, out _);
            using var certificate = X509CertificateLoader.LoadCertificate(row.Certificate);
            return new Signer(Certificates.WithKey(certificate, key), At(row.SignsFrom), row.TrustedUntil is { } until ? At(until) : null);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private static DateTimeOffset At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private static string Purpose(string fingerprint) => $"authority:{fingerprint}";

    /// <summary>Which authorities are believed, for the journal.</summary>
    private static string Text(IEnumerable<string> fingerprints) => $$"""{"believed":[{{string.Join(',', fingerprints.Select(static fingerprint => $"\"{fingerprint}\""))}}]}""";
}
