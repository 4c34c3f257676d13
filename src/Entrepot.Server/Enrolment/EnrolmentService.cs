using System.Security.Cryptography.X509Certificates;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;
using Entrepot.Server.Nodes;
using Entrepot.Trust.Authority;
using Entrepot.Trust.Enrolment;

namespace Entrepot.Server.Enrolment;

/// <summary>Carries out what is ordered of nodes and of the authority.</summary>
/// <param name="identity">The origin's identity, with the authority.</param>
/// <param name="metadataPort">Port of the metadata surface, or null.</param>
/// <param name="heartbeats">Takes heart-beats of nodes that proved who they are, and answers them.</param>
/// <param name="time">The clock.</param>
internal sealed class EnrolmentService(OriginIdentity identity, Func<int?> metadataPort, Func<HeartbeatRequest, HeartbeatAnswer> heartbeats, TimeProvider time)
{
    /// <summary>Longest reason of a revocation in characters.</summary>
    public const int MaxReason = 500;

    public AuthorityDocument Authority => Describe(identity.Authority.State);

    public IReadOnlyList<EnrolledNodeDocument> Nodes => [.. identity.Enrolment.Nodes.Select(Describe)];

    private IReadOnlyList<RevocationDocument> Revoked
        => [.. identity.Trust.Current.Revocations.Select(static one => new RevocationDocument(one.Name.Value, one.Until) { Client = one.IsClient, Ends = one.Ends })];

    public async Task<AuthorityDocument> RotateAsync(RotateAuthorityRequest request, string actor)
        => Describe(await identity.Authority.RotateAsync(TimeSpan.FromSeconds(Math.Clamp(request.OverlapSeconds, 0, int.MaxValue)), request.DryRun, actor));

    public async Task<JoinTokenDocument> CreateTokenAsync(JoinTokenRequest request, string actor)
    {
        var (token, expires) = await identity.Enrolment.CreateTokenAsync(
            new TokenOrder(
                RoleOf(request.Role), request.Site is { } site ? SiteOf(site) : null, request.Node is { } node ? NodeName.Parse(node) : null,
                TimeSpan.FromSeconds(Math.Clamp(request.LifeSeconds, 0, int.MaxValue))),
            actor);
        return new JoinTokenDocument(token.Reveal(), expires);
    }

    public async Task<CertificateDocument> JoinAsync(JoinRequest request, string from)
    {
        var token = JoinToken.Parse(request.Token);
        var name = NodeName.Parse(request.Node);
        var key = KeyOf(request.Request);
        if (identity.IsOwn(name))
            throw Fault.Of(
                EnrolmentFault.NameTaken, FaultKind.Conflict, $"'{name}' runs in the origin's own process.", "Give this node another name with --node.").ToException();
        return Certify(await identity.Enrolment.JoinAsync(token, new JoinWish(name, RoleOf(request.Role), [.. request.Hosts], from)), key);
    }

    public async Task<CertificateDocument> RenewAsync(string node, RenewalRequest request, NodeIdentity sender)
    {
        Same(node, sender);
        var key = KeyOf(request.Request);
        return Certify(await identity.Enrolment.RenewAsync(sender.Name, [.. request.Hosts]), key);
    }

    public EnrolledNodeDocument Get(string node) => Describe(
        identity.Enrolment.Find(NodeName.Parse(node))
        ?? throw Fault.Of(EnrolmentFault.Unknown, FaultKind.NotFound, $"No node '{node}' is enrolled.", "entrepot node list shows those that are.").ToException());

    public async Task<EnrolledNodeDocument> DrainAsync(string node, DrainRequest request, string actor)
        => Describe(await identity.Enrolment.DrainAsync(NodeName.Parse(node), request.Draining, actor));

    public async Task<EnrolledNodeDocument> RevokeAsync(string node, RevokeRequest request, string actor)
    {
        if (request.Reason.Length is 0 or > MaxReason || request.Reason.Any(char.IsControl))
            throw Fault.Of(EnrolmentFault.Value, FaultKind.Invalid, $"The reason must be 1–{MaxReason} printable characters.", "Say why the node is revoked.").ToException();
        return Describe(await identity.Enrolment.RevokeAsync(NodeName.Parse(node), request.Reason, actor));
    }

    public Task RemoveAsync(string node, string actor) => identity.Enrolment.RemoveAsync(NodeName.Parse(node), actor);

    /// <summary>Takes in a heart-beat.</summary>
    /// <returns>What the node is to know: whom to believe, and the keys that sign addresses.</returns>
    /// <exception cref="FaultException"><see cref="NodeFault"/>.</exception>
    public HeartbeatAnswer Accept(string node, HeartbeatRequest beat, NodeIdentity sender)
    {
        if (beat.Node != node)
            throw Fault.Of(
                NodeFault.NameMismatch, FaultKind.Invalid, $"The heart-beat is of '{beat.Node}', but was sent for '{node}'.",
                "Send it to /v1/nodes/NODE/heartbeat with the node's own name.").ToException();
        return heartbeats(Vouch(beat, sender)) with { Authorities = identity.Trust.Current.ToPem(), Revoked = Revoked };
    }

    /// <summary>A heart-beat as it is to be believed: of the node that sent it, at the site that its token named, draining if it was told to.</summary>
    /// <exception cref="FaultException"><see cref="NodeFault.NameMismatch"/>.</exception>
    private HeartbeatRequest Vouch(HeartbeatRequest beat, NodeIdentity sender)
    {
        var role = beat.Role switch { HeartbeatRequest.SchedulerRole => NodeRole.Scheduler, HeartbeatRequest.AuditRole => NodeRole.Audit, _ => NodeRole.Edge };
        if (sender.Role != role || !Speaks(sender.Name, beat.Node))
            throw Fault.Of(
                NodeFault.NameMismatch, FaultKind.Forbidden, $"'{sender}' can't send a heart-beat of {NodeIdentity.TextOf(role)} '{beat.Node}'.", "Give the node the name that it joined with.").ToException();
        var enrolled = identity.Enrolment.Find(sender.Name);
        return beat with { Site = enrolled?.Site ?? beat.Site, Draining = beat.Draining || enrolled is { Draining: true } };
    }

    /// <summary>A machine with several edges numbers them: NAME-1 and so on. Nobody else's name is among them.</summary>
    private bool Speaks(NodeName sender, string edge)
        => edge == sender.Value
            || (edge.StartsWith(sender.Value + "-", StringComparison.Ordinal) && int.TryParse(edge.AsSpan(sender.Value.Length + 1), System.Globalization.NumberStyles.None, null, out _)
                && NodeName.TryParse(edge, out var name, out _) && identity.Enrolment.Find(name) is null && !identity.IsOwn(name));

    private static void Same(string node, NodeIdentity sender)
    {
        if (node != sender.Name.Value)
            throw Fault.Of(
                NodeFault.NameMismatch, FaultKind.Forbidden, $"'{sender}' can't speak for node '{node}'.", "Send it under the node's own name.").ToException();
    }

    private CertificateDocument Certify(EnrolledNode node, PublicKey key)
    {
        var (forNodes, forClients) = identity.Sign(node, key);
        using (forNodes)
        using (forClients)
        {
            return new CertificateDocument(
                identity.Authority.State.Network, forNodes.ExportCertificatePem(), forClients.ExportCertificatePem(), identity.Trust.Current.ToPem(), Revoked, metadataPort())
            {
                Site = node.Site,
            };
        }
    }

    private AuthorityDocument Describe(AuthorityState state)
    {
        var now = time.GetUtcNow();
        var current = state.SignerAt(now);
        return new AuthorityDocument(
            state.Network,
            [.. state.Signers.Select(signer => new SignerDocument(
                signer.Fingerprint, signer == current, signer.SignsFrom, signer.TrustedUntil, signer.Certificate.NotAfter.ToUniversalTime()))],
            new NetworkTrust(state.Network, state.TrustedAt(now), []).ToPem());
    }

    private static EnrolledNodeDocument Describe(EnrolledNode node) => new(
        node.Name.Value, NodeIdentity.TextOf(node.Role), node.RevokedAt is not null ? "revoked" : node.Draining ? "draining" : "enrolled", node.EnrolledAt, node.RenewedAt, node.Hosts)
    {
        Site = node.Site, RevokedAt = node.RevokedAt, Reason = node.RevokedWhy,
    };

    private static NodeRole RoleOf(string text)
        => NodeIdentity.TryParseRole(text, out var role) && role != NodeRole.Origin
            ? role
            : throw Fault.Of(EnrolmentFault.Value, FaultKind.Invalid, $"'{text}' is no role to join with.", "Use edge, scheduler or audit.").ToException();

    private static string SiteOf(string text)
        => HeartbeatRules.AreSites(text)
            ? text
            : throw Fault.Of(EnrolmentFault.Value, FaultKind.Invalid, $"'{text}' is no site.", "Name sites as nodes are named, separated by commas.").ToException();

    private static PublicKey KeyOf(string request)
    {
        var bytes = new byte[request.Length];
        return Certificates.ReadSigningRequest(Convert.TryFromBase64String(request, bytes, out var written) ? bytes[..written] : []);
    }
}
