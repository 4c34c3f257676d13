using System.Buffers.Text;
using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Entrepot.Core.Faults;

namespace Entrepot.Trust.Tokens;

/// <summary>A key that verifies tokens, as one node tells another.</summary>
/// <param name="X">First coordinate of its point on P-256, base64url (RFC 7518 §6.2.1.2).</param>
/// <param name="Y">The second.</param>
/// <param name="RetiresAt">From when on it verifies nothing, UTC; null for the one that signs.</param>
public sealed record TokenKeyNotice(string X, string Y, DateTimeOffset? RetiresAt);

/// <summary>By what another node may judge the network's tokens.</summary>
/// <param name="Network">The network that must have issued them.</param>
/// <param name="Keys">The keys that verify.</param>
/// <param name="Revoked">Identifiers of tokens that are refused although their time has not ended.</param>
public sealed record TokenNotice(string Network, IReadOnlyList<TokenKeyNotice> Keys, IReadOnlyList<string> Revoked)
{
    /// <summary>What tells this one from others: 32 hexadecimal digits of its SHA-256.</summary>
    public string Version { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        $"{Network}\n{string.Join('\n', Keys.Select(static key => $"{key.X} {key.Y} {key.RetiresAt?.ToUnixTimeSeconds()}"))}\n\n{string.Join('\n', Revoked)}")).AsSpan(0, 16));
}

/// <summary>Judges tokens by what the origin told of them. Tokens are refused before that.</summary>
/// <param name="time">The clock.</param>
public sealed class LearnedTokens(TimeProvider time) : ITokenJudge
{
    private static readonly TokenTrust Nothing = new("", FrozenDictionary<string, VerifyingKey>.Empty, FrozenSet<string>.Empty);

    private TokenTrust _trust = Nothing;
    private string? _version;

    /// <inheritdoc/>
    public string Network => Volatile.Read(ref _trust).Network;

    /// <summary>What was learned last; null for nothing.</summary>
    public string? Version => Volatile.Read(ref _version);

    /// <summary>Judges by this from now on. Keys that are none are left out.</summary>
    public void Learn(TokenNotice notice)
    {
        var keys = notice.Keys.Where(static key => IsCoordinate(key.X) && IsCoordinate(key.Y)).Select(static key => new VerifyingKey(key.X, key.Y, key.RetiresAt));
        Volatile.Write(ref _trust, new TokenTrust(
            notice.Network, keys.DistinctBy(static key => key.Id).ToFrozenDictionary(static key => key.Id), notice.Revoked.ToFrozenSet(StringComparer.Ordinal)));
        Volatile.Write(ref _version, notice.Version);
    }

    /// <inheritdoc/>
    public bool TryVerify(string token, [NotNullWhen(true)] out TokenGrant? grant, [NotNullWhen(false)] out Fault? fault)
    {
        var trust = Volatile.Read(ref _trust);
        if (!ReferenceEquals(trust, Nothing))
            return TokenVerifier.TryVerify(token, trust, time.GetUtcNow(), out grant, out fault);
        (grant, fault) = (null, Fault.Of(
            TokenFault.UnknownKey, FaultKind.Unavailable, "This node does not know the network's keys yet: it has not heard from its origin.", "Try again in a few seconds, or ask the origin's own surfaces."));
        return false;
    }

    private static bool IsCoordinate(string? text) => text is { Length: 43 } && Base64Url.IsValid(text);
}
