using System.Diagnostics.CodeAnalysis;
using Entrepot.Core.Identities;

namespace Entrepot.Trust.Authority;

/// <summary>Who a node is, wherever it is: <c>spiffe://NETWORK/ROLE/NAME</c> (SPIFFE-ID §2) as the one URI in its certificate.</summary>
/// <param name="Network">The trust domain: a host name in lower case.</param>
/// <param name="Role">What the node is.</param>
/// <param name="Name">Its name.</param>
public sealed record NodeIdentity(string Network, NodeRole Role, NodeName Name)
{
    /// <summary>Longest identity in bytes (SPIFFE-ID §2.3).</summary>
    public const int MaxLength = 2048;

    private const string Scheme = "spiffe://";

    /// <summary>Reads an identity; only the form that <see cref="ToString"/> writes is one.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out NodeIdentity? identity)
    {
        identity = null;
        if (text is null || text.Length > MaxLength || !text.StartsWith(Scheme, StringComparison.Ordinal))
            return false;
        if (text[Scheme.Length..].Split('/') is not [var network, var role, var name]
            || !IsNetwork(network) || !TryParseRole(role, out var parsed) || !NodeName.TryParse(name, out var node, out _))
            return false;
        identity = new NodeIdentity(network, parsed, node);
        return true;
    }

    /// <summary>True for a name that a network may have: labels as nodes have them, separated by dots, at most 253 characters (RFC 1035 §2.3.4).</summary>
    public static bool IsNetwork(string text) => text.Length <= 253 && text.Split('.').All(static label => NodeName.TryParse(label, out _, out _));

    /// <summary>Reads a role as it is written: in lower case.</summary>
    public static bool TryParseRole(string? text, out NodeRole role)
    {
        foreach (var known in Enum.GetValues<NodeRole>())
        {
            role = known;
            if (text == TextOf(known))
                return true;
        }

        role = default;
        return false;
    }

    /// <summary>The role in lower case.</summary>
    public static string TextOf(NodeRole role) => role.ToString().ToLowerInvariant();

    /// <inheritdoc/>
    public override string ToString() => $"{Scheme}{Network}/{TextOf(Role)}/{Name}";
}
