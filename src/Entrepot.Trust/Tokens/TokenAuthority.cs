using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Entrepot.Core.Documents;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Entrepot.Trust.Access;
using Entrepot.Trust.Network;

namespace Entrepot.Trust.Tokens;

/// <summary>Makes, judges and revokes the tokens of a network. Judging reads an immutable snapshot and takes no lock. Safe for use by several
/// threads.</summary>
public sealed class TokenAuthority : ITokenJudge, IDisposable
{
    private readonly StateDatabase _state;
    private readonly SealingKey _sealing;
    private readonly TokenOptions _options;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _changing = new(1, 1);
    private TokenTrust _trust;
    private Told? _told;

    private TokenAuthority(StateDatabase state, SealingKey sealing, string network, TokenOptions options, TimeProvider time)
    {
        (_state, _sealing, _options, _time) = (state, sealing, options, time);
        _trust = Look(network);
    }

    /// <summary>The network whose tokens these are.</summary>
    public string Network => _trust.Network;

    /// <summary>Called after the key that signs was replaced.</summary>
    public Action? KeysChanged { get; set; }

    /// <summary>The public keys as a JSON Web Key Set (RFC 7517).</summary>
    public byte[] KeySet => Volatile.Read(ref _trust).WriteKeySet(_time.GetUtcNow());

    private SigningKey Current => Volatile.Read(ref _trust).Keys.Values.Cast<SigningKey>().Single(static key => key.RetiresAt is null);

    /// <summary>Opens the keys of a network, or makes the first.</summary>
    /// <param name="state">Where keys and revocations are kept.</param>
    /// <param name="sealing">Seals the private halves.</param>
    /// <param name="options">What tokens may be.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FaultException"><see cref="SecretFault.Broken"/>: the state was sealed by another key.</exception>
    public static async Task<TokenAuthority> OpenAsync(
        StateDatabase state, SealingKey sealing, TokenOptions options, TimeProvider time, CancellationToken cancellation = default)
    {
        var network = await NetworkId.OpenOrCreateAsync(state, cancellation);
        var authority = new TokenAuthority(state, sealing, network, options, time);
        if (authority._trust.Keys.Values.All(static key => key.RetiresAt is not null))
            await authority.RotateAsync(null, "system:first-start", cancellation);
        return authority;
    }

    /// <summary>By what other nodes judge as this one does.</summary>
    public TokenNotice Notice
    {
        get
        {
            var (trust, told) = (Volatile.Read(ref _trust), Volatile.Read(ref _told));
            if (told?.Trust != trust)
                Volatile.Write(ref _told, told = new Told(trust, trust.Notice()));
            return told.Notice;
        }
    }

    /// <inheritdoc/>
    public bool TryVerify(string token, [NotNullWhen(true)] out TokenGrant? grant, [NotNullWhen(false)] out Fault? fault)
        => TokenVerifier.TryVerify(token, Volatile.Read(ref _trust), _time.GetUtcNow(), out grant, out fault);

    /// <summary>Makes a token.</summary>
    /// <param name="order">What it is to be.</param>
    /// <param name="actor">Who has it made, for the journal.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FaultException"><see cref="TokenFault"/> or <see cref="AccessFault.Role"/>.</exception>
    public async Task<IssuedToken> IssueAsync(TokenOrder order, string actor, CancellationToken cancellation = default)
    {
        Check(order);
        await _changing.WaitAsync(cancellation);
        try
        {
            var (now, key) = (Now(), Current);
            var id = NewId();
            var name = order.Name ?? $"token-{id[..8]}";
            var grant = new TokenGrant(id, name, order.Roles, order.Mirrors.Select(static mirror => mirror.Value).ToHashSet(StringComparer.Ordinal), now, now + order.Lifetime);
            var record = new TokenRecord(grant, key.Id, actor, null, null);
            await _state.WriteAsync(
                transaction =>
                {
                    if (TokenTable.IsTaken(transaction, name, now))
                        throw Fault.Of(
                            TokenFault.NameTaken, FaultKind.Conflict, $"A token '{name}' is in use.", $"Choose another name, or revoke that one: entrepot token revoke {name}.").ToException();
                    if (TokenTable.CountLive(transaction, now) >= TokenOptions.MaxLive)
                        throw Fault.Of(
                            TokenFault.TooMany, FaultKind.Exhausted, $"{TokenOptions.MaxLive} tokens are in use.", "Revoke those that nobody needs.").ToException();
                    TokenTable.Forget(transaction, now - _options.MaxLifetime);
                    TokenTable.Insert(transaction, record);
                    Journal(transaction, actor, "token.create", name, null, Describe(record), ("id", id));
                },
                cancellation);
            return new IssuedToken(TokenWriter.Write(grant, Network, key), record);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Makes the credential by which a node's own machine commands it. It is not listed; it ends by itself.</summary>
    /// <param name="roles">What its bearer is.</param>
    /// <param name="lifetime">For how long.</param>
    public string IssueOperator(Role roles, TimeSpan lifetime)
    {
        var now = Now();
        return TokenWriter.Write(new TokenGrant(NewId(), TokenGrant.OperatorName, roles, new HashSet<string>(), now, now + lifetime), Network, Current);
    }

    /// <summary>Every token that is kept, by name: live ones, revoked ones, and expired ones for a while.</summary>
    public IReadOnlyList<TokenRecord> List() => _state.Read(TokenTable.Read);

    /// <summary>Revokes a token; it is refused when this returns. One that is revoked already stays so.</summary>
    /// <param name="idOrName">Its identifier, or its name for the newest of that name.</param>
    /// <param name="actor">Who does it, for the journal.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FaultException"><see cref="TokenFault.NotFound"/>.</exception>
    public async Task<TokenRecord> RevokeAsync(string idOrName, string actor, CancellationToken cancellation = default)
    {
        await _changing.WaitAsync(cancellation);
        try
        {
            var now = Now();
            var revoked = await _state.WriteAsync(
                transaction =>
                {
                    var found = TokenTable.Find(transaction, idOrName)
                        ?? throw Fault.Of(TokenFault.NotFound, FaultKind.NotFound, $"There is no token '{idOrName}'.", "See 'entrepot token list'.").ToException();
                    if (found.RevokedAt is not null)
                        return found;
                    TokenTable.Revoke(transaction, found.Grant.Id, now, actor);
                    var after = found with { RevokedAt = now, RevokedBy = actor };
                    Journal(transaction, actor, "token.revoke", found.Grant.Name, Describe(found), Describe(after), ("id", found.Grant.Id));
                    return after;
                },
                cancellation);
            Volatile.Write(ref _trust, Look(Network));
            return revoked;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Has a new key sign from now on.</summary>
    /// <param name="overlap">For how long the keys before still verify; null until every token that they signed has expired. Zero refuses those tokens
    /// at once, as after a key became known.</param>
    /// <param name="actor">Who does it, for the journal.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<KeyRotation> RotateAsync(TimeSpan? overlap, string actor, CancellationToken cancellation = default)
    {
        KeyRotation rotation;
        await _changing.WaitAsync(cancellation);
        try
        {
            var now = Now();
            var before = Volatile.Read(ref _trust).Keys.Values.SingleOrDefault(static known => known.RetiresAt is null)?.Id;
            var key = SigningKey.Create(now);
            rotation = await _state.WriteAsync(
                transaction =>
                {
                    var last = TokenTable.LastExpiry(transaction) ?? now;
                    // The credential of the own machine is not listed and lives for minutes.
                    var end = overlap is { } stated ? now + stated : (last > now ? last : now) + TokenFormat.ClockSkew + OperatorLifetime;
                    KeyTable.Retire(transaction, end);
                    KeyTable.Forget(transaction, now);
                    KeyTable.Insert(transaction, key, _sealing);
                    Journal(transaction, actor, "token.rotate-keys", key.Id, before is null ? null : Text(("signs", before)), Text(("signs", key.Id)), ("oldKeysEnd", end.ToString("u", CultureInfo.InvariantCulture)));
                    return new KeyRotation(key.Id, end);
                },
                cancellation);
            Volatile.Write(ref _trust, Look(Network));
        }
        finally
        {
            _changing.Release();
        }

        KeysChanged?.Invoke();
        return rotation;
    }

    /// <inheritdoc/>
    public void Dispose() => _changing.Dispose();

    /// <summary>Life of the credential that a node writes for its own machine.</summary>
    public static TimeSpan OperatorLifetime { get; } = TimeSpan.FromMinutes(15);

    private TokenTrust Look(string network) => _state.Read(connection => new TokenTrust(
        network, KeyTable.Read(connection, _sealing).ToFrozenDictionary(static key => key.Id, static VerifyingKey (key) => key), TokenTable.Revoked(connection).ToFrozenSet(StringComparer.Ordinal)));

    private void Check(TokenOrder order)
    {
        if (order.Name is { } name && (name == TokenGrant.OperatorName || !NodeName.TryParse(name, out _, out _)))
            throw Fault.Of(
                TokenFault.Name, FaultKind.Invalid, $"'{name}' can't be a token's name.",
                $"Use 1–{NodeName.MaxLength} characters of a–z, 0–9 and '-'; '{TokenGrant.OperatorName}' is the node's own.").ToException();
        if (order.Roles == Role.None || (order.Roles & ~Roles.Grantable) != 0)
            throw Fault.Of(AccessFault.Role, FaultKind.Invalid, "A token needs roles that can be given.", $"Roles are {string.Join(", ", Roles.Words)}.").ToException();
        if (order.Lifetime < TokenOptions.MinLifetime || order.Lifetime > _options.MaxLifetime)
            throw Fault.Of(
                TokenFault.Lifetime, FaultKind.Invalid, $"A token can't live for {Duration.Format(order.Lifetime)}.",
                $"Use {Duration.Format(TokenOptions.MinLifetime)}–{Duration.Format(_options.MaxLifetime)}; the setting trust.tokens.maxTtl is the limit.").ToException();
        if (order.Mirrors.Count > TokenFormat.MaxMirrors)
            throw Fault.Of(
                TokenFault.Mirrors, FaultKind.Invalid, $"{order.Mirrors.Count} mirrors are named.", $"A token is for at most {TokenFormat.MaxMirrors} mirrors, or for all.").ToException();
    }

    /// <summary>The time in whole seconds, as tokens have it.</summary>
    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeSeconds(_time.GetUtcNow().ToUnixTimeSeconds());

    private static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    private sealed record Told(TokenTrust Trust, TokenNotice Notice);

    private void Journal(StateTransaction transaction, string actor, string action, string subject, string? before, string? after, params ReadOnlySpan<(string Name, string Value)> details)
        => JournalTable.Append(transaction, new JournalEntry(_time.GetUtcNow(), actor, action, subject, Text(details)) { Before = before, After = after });

    private static string Describe(TokenRecord record) => Text(
        ("roles", string.Join(',', Roles.WordsOf(record.Grant.Roles))), ("mirrors", string.Join(',', record.Grant.Mirrors.Order(StringComparer.Ordinal))),
        ("expires", record.Grant.ExpiresAt.ToString("u", CultureInfo.InvariantCulture)), ("state", record.RevokedAt is null ? "live" : "revoked"));

    private static string Text(params ReadOnlySpan<(string Name, string Value)> members)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in members)
            pairs[name] = value;
        return JsonSerializer.Serialize(pairs);
    }
}
