using System.Collections.Immutable;
using Entrepot.Core.Identities;
using Entrepot.Trust.Authority;

namespace Entrepot.Trust.Enrolment;

/// <summary>A machine that belongs to the network.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Role">What it is.</param>
/// <param name="Site">Where it is; null when its token left that to it.</param>
/// <param name="Hosts">Names and addresses in its surface certificate.</param>
/// <param name="EnrolledAt">When it joined, UTC.</param>
/// <param name="RenewedAt">When it last got a certificate, UTC.</param>
public sealed record EnrolledNode(NodeName Name, NodeRole Role, string? Site, ImmutableArray<string> Hosts, DateTimeOffset EnrolledAt, DateTimeOffset RenewedAt)
{
    /// <summary>True when it is to get no new clients.</summary>
    public bool Draining { get; init; }

    /// <summary>When it was revoked, UTC; null while it is believed.</summary>
    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>Why it was revoked.</summary>
    public string? RevokedWhy { get; init; }
}

/// <summary>What a node that wants to join says of itself.</summary>
/// <param name="Name">The name it wants.</param>
/// <param name="Role">What it wants to be.</param>
/// <param name="Hosts">Names and addresses by which clients reach it.</param>
/// <param name="From">The address it was sent from, for the journal.</param>
public sealed record JoinWish(NodeName Name, NodeRole Role, ImmutableArray<string> Hosts, string From);

/// <summary>What a token is for.</summary>
/// <param name="Role">The role that it lets in.</param>
/// <param name="Site">The site that its node is at, or null for where the node says.</param>
/// <param name="Node">The only node that it is for, or null for any.</param>
/// <param name="Life">For how long it can be used, <see cref="NodeEnrolment.LeastTokenLife"/>–<see cref="NodeEnrolment.MostTokenLife"/>.</param>
public sealed record TokenOrder(NodeRole Role, string? Site, NodeName? Node, TimeSpan Life);
