using System.Collections.Immutable;
using System.Security.Cryptography;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Secrets;
using Entrepot.Server.Api;
using Entrepot.Server.Configuration;
using Entrepot.Server.Tls;
using Entrepot.Trust.Authority;
using Entrepot.Trust.Enrolment;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Enrolment;

/// <summary>How a machine is to join.</summary>
/// <param name="Origin">The origin's admin surface; null for the one that it joined.</param>
/// <param name="Token">What 'entrepot node token' printed; null for a machine that has joined.</param>
public sealed record JoinOrder(Uri? Origin, string? Token)
{
    /// <summary>The file that should have held the token and is not there; null when none was named, or it was read.</summary>
    public string? MissingFile { get; init; }
}

/// <summary>The identity of a machine that joined: its certificate comes from the origin, and so does whom it believes.</summary>
internal sealed class MemberIdentity : INodeIdentity
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly MemberFile _file;
    private readonly NodeCertificate _own;
    private readonly ImmutableArray<string> _hosts;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _keeping = new();
    private MemberRecord _record;
    private bool _failing;

    private MemberIdentity(MemberFile file, MemberRecord record, NodeIdentity identity, ImmutableArray<string> hosts, TimeProvider time, ILogger logger)
    {
        (_file, _record, _hosts, _time, _logger) = (file, record, hosts, time, logger);
        _own = new NodeCertificate(identity);
        file.Load(record, _own);
        Trust = new NodeTrust(time);
        Trust.Believe(new NetworkTrust(identity.Network, NetworkTrust.ReadPem(record.Authorities) ?? throw Broken(), file.ReadRevoked()));
    }

    public NodeTrust Trust { get; }

    public NodeRole Role => _own.Identity.Role;

    /// <summary>Where the node is, when its token said so.</summary>
    public string? Site => _record.Site;

    /// <summary>The origin's metadata surface, or null when it has none.</summary>
    public Uri? Metadata => _record.MetadataPort is { } port ? new UriBuilder(Uri.UriSchemeHttps, _record.Origin.Host, port).Uri : null;

    /// <summary>Opens what the machine keeps from its joining, or joins.</summary>
    /// <param name="order">What it was told, or null.</param>
    /// <param name="role">What it is to be.</param>
    /// <param name="settings">The validated settings.</param>
    /// <param name="file">Where it is kept.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where renewals are logged.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FaultException"><see cref="EnrolmentFault"/>, <see cref="SecretFault"/>.</exception>
    public static async Task<MemberIdentity> OpenAsync(
        JoinOrder? order, NodeRole role, Settings settings, MemberFile file, TimeProvider time, ILogger logger, CancellationToken cancellation)
    {
        var hosts = OwnHosts.Of(settings);
        var record = file.Read();
        if (record is null || HasEnded(record, time))
        {
            if (order is { Origin: not null, Token: null, MissingFile: { } missing })
                throw Fault.Of(
                    EnrolmentFault.NotJoined, FaultKind.NotFound, $"There is no file '{missing}', and node '{settings.Node}' has not joined yet.",
                    "Name the file with what 'entrepot node token' printed at the origin.").ToException();
            if (order is not { Origin: { } origin, Token: { } token })
                throw Fault.Of(
                    EnrolmentFault.NotJoined, FaultKind.Forbidden,
                    record is null ? $"Node '{settings.Node}' has not joined a network." : $"The certificate of node '{settings.Node}' has ended: it was away for longer than a day.",
                    $"At the origin: {(record is null ? "" : $"entrepot node remove {settings.Node}; ")}entrepot node token --role {NodeIdentity.TextOf(role)}. Here: --join https://ORIGIN:9080 --token-file FILE.").ToException();
            record = await JoinAsync(origin, JoinToken.Parse(token), role, settings.Node, hosts, file, time, cancellation);
            file.Write(record);
            Log.Joined(logger, record.Identity, origin.ToString());
        }
        else if (order?.Origin is { } elsewhere && elsewhere != record.Origin)
        {
            record = record with { Origin = elsewhere };
            file.Write(record);
        }

        if (!NodeIdentity.TryParse(record.Identity, out var identity))
            throw Broken();
        if (identity.Name != settings.Node || identity.Role != role)
            throw Fault.Of(
                EnrolmentFault.NotJoined, FaultKind.Conflict, $"The data folder belongs to '{identity}', not to {NodeIdentity.TextOf(role)} '{settings.Node}'.",
                "Start it under its own name and role, or another one on a data folder of its own.").ToException();
        return new MemberIdentity(file, record, identity, hosts, time, logger);
    }

    /// <summary>All nodes of this process are one to the network.</summary>
    public NodeCertificate CertificateOf(NodeName node, NodeRole role) => _own;

    /// <summary>Takes in what the origin said of whom to believe.</summary>
    public void Learn(HeartbeatAnswer answer) => Learn(answer.Authorities, answer.Revoked);

    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, _time);
        do
        {
            if (_own.RenewAt <= _time.GetUtcNow())
                await TryRenewAsync(cancellation);
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }

    /// <summary>Gets another certificate for a new key. Failure is logged when it begins and when it ends.</summary>
    internal async Task TryRenewAsync(CancellationToken cancellation)
    {
        try
        {
            using var key = Certificates.NewKey();
            var answer = await new EnrolmentClient(_record.Origin, _time).RenewAsync(Trust, _own, new RenewalRequest(RequestOf(key), _hosts), cancellation);
            lock (_keeping)
            {
                _record = Keep(_record, answer, _file.Seal(key));
                _file.Write(_record);
            }

            _file.Load(_record, _own);
            Learn(answer.Authorities, answer.Revoked);
            Log.Renewed(_logger, _record.Identity, _own.Expires);
            _failing = false;
        }
        catch (FaultException error)
        {
            if (!_failing)
                Log.RenewalFailed(_logger, _record.Identity, _own.Expires, error.Fault.Message);
            _failing = true;
        }
    }

    private void Learn(string pem, IReadOnlyList<RevocationDocument> revoked)
    {
        if (NetworkTrust.ReadPem(pem) is not { } authorities)
            return;  // an origin that believes nobody is none
        var known = MemberFile.Of(revoked);
        var isNew = !known.SequenceEqual(Trust.Current.Revocations);
        Trust.Believe(new NetworkTrust(_own.Identity.Network, authorities, known));
        lock (_keeping)
        {
            // Believed no more also after a restart while the origin can't be asked.
            if (isNew)
                _file.WriteRevoked(revoked);
            if (pem == _record.Authorities)
                return;
            _record = _record with { Authorities = pem };
            _file.Write(_record);
        }
    }

    private static async Task<MemberRecord> JoinAsync(
        Uri origin, JoinToken token, NodeRole role, NodeName node, ImmutableArray<string> hosts, MemberFile file, TimeProvider time, CancellationToken cancellation)
    {
        using var key = Certificates.NewKey();
        var answer = await new EnrolmentClient(origin, time).JoinAsync(
            token, new JoinRequest(token.Reveal(), node.Value, NodeIdentity.TextOf(role), RequestOf(key), hosts), cancellation);
        return Keep(new MemberRecord(new NodeIdentity(answer.Network, role, node).ToString(), answer.Site, origin, null, "", "", [], ""), answer, file.Seal(key));
    }

    private static MemberRecord Keep(MemberRecord record, CertificateDocument answer, byte[] sealedKey) => record with
    {
        MetadataPort = answer.MetadataPort, Certificate = answer.Certificate, Surface = answer.Surface, SealedKey = sealedKey, Authorities = answer.Authorities,
    };

    private static bool HasEnded(MemberRecord record, TimeProvider time)
    {
        try
        {
            using var certificate = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(record.Certificate);
            return certificate.NotAfter.ToUniversalTime() < time.GetUtcNow().UtcDateTime;
        }
        catch (CryptographicException)
        {
            return true;
        }
    }

    private static string RequestOf(ECDsa key) => Convert.ToBase64String(Certificates.SigningRequest(key));

    private static FaultException Broken() => SecretFile.Malformed("trust/node.json", "it names no identity or no authority");
}
