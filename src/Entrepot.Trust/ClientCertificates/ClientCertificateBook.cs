using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Entrepot.Core.Documents;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Trust.Access;
using Entrepot.Trust.Authority;
using Entrepot.Trust.Enrolment;

namespace Entrepot.Trust.ClientCertificates;

/// <summary>Has certificates made for clients that are no nodes, and takes them back. Each step is journalled in its own transaction. Safe for use by
/// several threads.</summary>
public sealed class ClientCertificateBook
{
    /// <summary>Most certificates that have not ended, the revoked ones among them: every node is told of those.</summary>
    public const int MaxKept = 1_000;

    /// <summary>Most mirrors of one certificate: they stand in it.</summary>
    public const int MaxMirrors = 16;

    /// <summary>Shortest life.</summary>
    public static readonly TimeSpan MinLifetime = TimeSpan.FromMinutes(1);

    private readonly StateDatabase _database;
    private readonly NetworkAuthority _authority;
    private readonly TimeSpan _maxLifetime;
    private readonly TimeProvider _time;
    private readonly Lock _looking = new();
    private ImmutableArray<Revocation> _revocations;

    /// <summary>Opens what is written down.</summary>
    /// <param name="database">Where.</param>
    /// <param name="authority">Signs.</param>
    /// <param name="maxLifetime">Longest life.</param>
    /// <param name="time">The clock.</param>
    public ClientCertificateBook(StateDatabase database, NetworkAuthority authority, TimeSpan maxLifetime, TimeProvider time)
    {
        (_database, _authority, _maxLifetime, _time) = (database, authority, maxLifetime, time);
        _revocations = Look();
    }

    /// <summary>Called after a certificate was revoked.</summary>
    public Action? Changed { get; set; }

    /// <summary>The certificates that are believed no more although their time has not ended.</summary>
    public ImmutableArray<Revocation> Revocations
    {
        get
        {
            var now = _time.GetUtcNow();
            return [.. _revocations.Where(revocation => !revocation.IsOver(now))];
        }
    }

    /// <summary>The network that they name.</summary>
    public string Network => _authority.State.Network;

    /// <summary>Every certificate that is kept, by name: those that have ended too, for a while.</summary>
    public IReadOnlyList<ClientCertificate> List() => ClientCertificateTable.Read(_database, Network);

    /// <summary>Has a certificate made.</summary>
    /// <param name="order">What it is to be.</param>
    /// <param name="actor">Who has it made, for the journal.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FaultException"><see cref="ClientCertificateFault"/>.</exception>
    public async Task<(X509Certificate2 Certificate, ClientCertificate Kept)> IssueAsync(ClientCertificateOrder order, string actor, CancellationToken cancellation = default)
    {
        var (identity, now) = (order.Identity, _time.GetUtcNow());
        if (order.Lifetime < MinLifetime || order.Lifetime > _maxLifetime)
            throw Fault.Of(
                ClientCertificateFault.Lifetime, FaultKind.Invalid, $"A certificate can't live for {Duration.Format(order.Lifetime)}.",
                $"Use {Duration.Format(MinLifetime)}–{Duration.Format(_maxLifetime)}; the setting trust.tokens.maxTtl is the limit.").ToException();
        if (identity.Mirrors.Count > MaxMirrors)
            throw Fault.Of(
                ClientCertificateFault.Mirrors, FaultKind.Invalid, $"{identity.Mirrors.Count} mirrors are named.", $"A certificate is for at most {MaxMirrors} mirrors, or for all.").ToException();
        // A certificate that begins within the second of a revocation would count as one that it concerns.
        var after = _revocations.FirstOrDefault(revocation => revocation.Name == identity.Name)?.Until is { } until && Seconds(until) >= Seconds(now)
            ? DateTimeOffset.FromUnixTimeSeconds(Seconds(until) + 1)
            : now;
        var signed = _authority.IssueClient(order.Key, identity, order.Lifetime, after);
        // The authority may end before.
        var kept = new ClientCertificate(signed.SerialNumber, identity, now, actor, new DateTimeOffset(signed.NotAfter.ToUniversalTime()), null, null);
        try
        {
            await _database.WriteAsync(
                transaction =>
                {
                    // As long as anything that such a certificate had made may live, it is known who stands behind it.
                    ClientCertificateTable.Forget(transaction, now - _maxLifetime);
                    if (ClientCertificateTable.Find(transaction, Network, identity.Name).Any(one => one.IsLive(now)))
                        throw Fault.Of(
                            ClientCertificateFault.NameTaken, FaultKind.Conflict, $"A certificate '{identity.Name}' is in use.",
                            $"Choose another name, or revoke that one: entrepot certificate revoke {identity.Name}.").ToException();
                    if (ClientCertificateTable.CountNotEnded(transaction, now) >= MaxKept)
                        throw Fault.Of(
                            ClientCertificateFault.TooMany, FaultKind.Exhausted, $"{MaxKept} certificates of clients have not ended yet.", "Let them live shorter, or use tokens.").ToException();
                    ClientCertificateTable.Insert(transaction, kept);
                    Journal(transaction, now, actor, "certificate.create", identity.Name, null, kept);
                },
                cancellation);
            return (signed, kept);
        }
        catch
        {
            signed.Dispose();
            throw;
        }
    }

    /// <summary>Takes back every certificate of a name: the origin believes it no more when this returns, other nodes after their next heart-beat.</summary>
    /// <exception cref="FaultException"><see cref="ClientCertificateFault.NotFound"/>.</exception>
    public async Task<ClientCertificate> RevokeAsync(NodeName name, string actor, CancellationToken cancellation = default)
    {
        var now = _time.GetUtcNow();
        var revoked = await _database.WriteAsync(
            transaction =>
            {
                var found = ClientCertificateTable.Find(transaction, Network, name) is [.., var last]
                    ? last
                    : throw Fault.Of(
                        ClientCertificateFault.NotFound, FaultKind.NotFound, $"There is no certificate '{name}'.", "See 'entrepot certificate list'.").ToException();
                if (found.RevokedAt is not null)
                    return found;
                ClientCertificateTable.Revoke(transaction, name, now, actor);
                var after = found with { RevokedAt = now, RevokedBy = actor };
                Journal(transaction, now, actor, "certificate.revoke", name, found, after);
                return after;
            },
            cancellation);
        // Of two that look at once, the one that saw less must not be the last to tell.
        lock (_looking)
            ImmutableInterlocked.InterlockedExchange(ref _revocations, Look());
        Changed?.Invoke();
        return revoked;
    }

    private ImmutableArray<Revocation> Look() =>
    [
        .. List().Where(static one => one.RevokedAt is not null).GroupBy(static one => one.Identity.Name)
            // The clock may have been set back between the two.
            .Select(static same => new Revocation(same.Key, same.Max(static one => one.RevokedAt > one.IssuedAt ? one.RevokedAt.Value : one.IssuedAt)) { IsClient = true, Ends = same.Max(static one => one.ExpiresAt) }),
    ];

    private static long Seconds(DateTimeOffset time) => time.ToUnixTimeSeconds();

    private static void Journal(StateTransaction transaction, DateTimeOffset now, string actor, string action, NodeName name, ClientCertificate? before, ClientCertificate after)
        => JournalTable.Append(transaction, new JournalEntry(now, actor, action, name.Value) { Before = before is null ? null : Text(before, now), After = Text(after, now) });

    private static string Text(ClientCertificate certificate, DateTimeOffset now) => JsonSerializer.Serialize(
        new Dictionary<string, string>
        {
            ["serial"] = certificate.Serial, ["roles"] = string.Join(',', Roles.WordsOf(certificate.Identity.Roles)),
            ["mirrors"] = string.Join(',', certificate.Identity.Mirrors.Select(static mirror => mirror.Value)),
            ["expires"] = certificate.ExpiresAt.UtcDateTime.ToString("u", CultureInfo.InvariantCulture), ["state"] = certificate.IsLive(now) ? "live" : "revoked",
        },
        TrustJson.Default.DictionaryStringString);
}
