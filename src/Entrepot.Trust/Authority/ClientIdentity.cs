using System.Diagnostics.CodeAnalysis;
using Entrepot.Core.Identities;
using Entrepot.Trust.Access;

namespace Entrepot.Trust.Authority;

/// <summary>Who shows a certificate that is no node: <c>spiffe://NETWORK/client/NAME/role/ROLE…/mirror/MIRROR…</c> (SPIFFE-ID §2) as the one URI in it. What it
/// may is part of the identity, so that every node of the network can judge it without asking.</summary>
/// <param name="Network">The trust domain: a host name in lower case.</param>
/// <param name="Name">What people and the journal call it.</param>
/// <param name="Roles">What it makes its bearer; at least one.</param>
/// <param name="Mirrors">The only mirrors that it is for, in order; empty for all.</param>
public sealed record ClientIdentity(string Network, NodeName Name, Role Roles, IReadOnlyList<MirrorName> Mirrors)
{
    private const string Scheme = "spiffe://";
    private const string Kind = "client";
    private const string RoleKey = "role";
    private const string MirrorKey = "mirror";

    /// <summary>Reads an identity; only the form that <see cref="ToString"/> writes is one.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ClientIdentity? identity)
    {
        identity = null;
        if (text is null || text.Length > NodeIdentity.MaxLength || !text.StartsWith(Scheme, StringComparison.Ordinal))
            return false;
        if (text[Scheme.Length..].Split('/') is not [var network, Kind, var name, .. var grants]
            || !NodeIdentity.IsNetwork(network) || !NodeName.TryParse(name, out var parsed, out _) || grants.Length % 2 != 0)
            return false;
        var (roles, mirrors) = (new List<string>(), new List<MirrorName>());
        foreach (var pair in grants.Chunk(2))
        {
            if (pair[0] == RoleKey)
                roles.Add(pair[1]);
            else if (pair[0] == MirrorKey && MirrorName.TryParse(pair[1], out var mirror, out _))
                mirrors.Add(mirror);
            else
                return false;
        }

        if (!Access.Roles.TryParse(roles, out var role, out _))
            return false;
        var read = new ClientIdentity(network, parsed, role, mirrors);
        if (read.ToString() != text)
            return false;  // one text for each identity
        identity = read;
        return true;
    }

    /// <summary>Who that is to the surfaces.</summary>
    public Principal ToPrincipal() => new($"certificate:{Name}", Roles, Proof.Certificate) { Mirrors = Mirrors.Select(static mirror => mirror.Value).ToHashSet(StringComparer.Ordinal) };

    /// <inheritdoc/>
    public override string ToString()
        => $"{Scheme}{Network}/{Kind}/{Name}{string.Concat(Access.Roles.WordsOf(Roles).Select(static word => $"/{RoleKey}/{word}"))}"
            + string.Concat(Mirrors.Select(static mirror => mirror.Value).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(static mirror => $"/{MirrorKey}/{mirror}"));
}
