using Entrepot.Trust.Access;

namespace Entrepot.Trust.Tokens;

/// <summary>What a token says. The text of the token itself is nowhere kept.</summary>
/// <param name="Id">Its identifier (<c>jti</c>, RFC 7519 §4.1.7).</param>
/// <param name="Name">What people call it; <see cref="OperatorName"/> for the credential of a node's own machine.</param>
/// <param name="Roles">What it makes its bearer.</param>
/// <param name="Mirrors">The only mirrors that it is for; empty for all.</param>
/// <param name="IssuedAt">Since when, UTC, to the second.</param>
/// <param name="ExpiresAt">Until when, UTC, to the second.</param>
public sealed record TokenGrant(string Id, string Name, Role Roles, IReadOnlySet<string> Mirrors, DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt)
{
    /// <summary>The name that only a node's own credential has.</summary>
    public const string OperatorName = "operator";

    /// <summary>True for the credential that a node writes for the commands of its own machine.</summary>
    public bool IsOperator => Name == OperatorName;

    /// <summary>Who bears it.</summary>
    public Principal ToPrincipal() => new(IsOperator ? OperatorName : $"token:{Name}", Roles, Proof.Token) { Mirrors = Mirrors };
}
