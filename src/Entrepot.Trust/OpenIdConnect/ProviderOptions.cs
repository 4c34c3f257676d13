using System.Collections.Frozen;
using Entrepot.Trust.Access;

namespace Entrepot.Trust.OpenIdConnect;

/// <summary>The provider through which people sign in, and what its words mean here.</summary>
/// <param name="Issuer">Its identifier, character by character as the provider writes it.</param>
/// <param name="ClientId">What this node is called there.</param>
/// <param name="Roles">Which value of <see cref="RoleClaim"/> gives which roles.</param>
public sealed record ProviderOptions(string Issuer, string ClientId, IReadOnlyDictionary<string, Role> Roles)
{
    /// <summary>Signing algorithms that are taken, all asymmetric (RFC 7518 §3.1). A symmetric one would let whoever knows the client's secret sign.</summary>
    public static IReadOnlySet<string> Algorithms { get; } = new[]
    {
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>The client's secret; null for a client that has none.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>What is asked for (OpenID Connect Core §3.1.2.1); <c>openid</c> among it.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = ["openid", "profile"];

    /// <summary>The claim that people are named by here.</summary>
    public string NameClaim { get; init; } = "preferred_username";

    /// <summary>The claim that roles follow from: a member's name, or a path of names with dots between.</summary>
    public string RoleClaim { get; init; } = "groups";

    /// <summary>By how much the provider's clock and this one may differ.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How people call the provider.</summary>
    public string Label { get; init; } = "your organisation";
}

/// <summary>Somebody as the provider proved it, before it is decided whether it may come in.</summary>
/// <param name="Issuer">Who says so.</param>
/// <param name="Subject">Whom, for good: the provider gives it to nobody else (OpenID Connect Core §5.7).</param>
/// <param name="Name">As people call it; the provider may change that.</param>
/// <param name="Roles">What the mapping makes of it; none when nothing is mapped.</param>
public sealed record ProvenIdentity(string Issuer, string Subject, string Name, Role Roles);
