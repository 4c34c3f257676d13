using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Entrepot.Core.Documents;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Trust.Authority;

namespace Entrepot.Trust.Enrolment;

/// <summary>Which machines belong to the network: gives out one-time tokens, takes nodes in, and shuts them out. Every step and every
/// refusal is journalled in the transaction that it happens in. Safe for use by several threads.</summary>
public sealed class NodeEnrolment
{
    /// <summary>Most unused tokens at once.</summary>
    public const int MaxOpenTokens = 1_000;

    /// <summary>Most host names and addresses of one node.</summary>
    public const int MaxHosts = 16;

    /// <summary>Shortest life of a token.</summary>
    public static readonly TimeSpan LeastTokenLife = TimeSpan.FromMinutes(1);

    /// <summary>Longest life of a token.</summary>
    public static readonly TimeSpan MostTokenLife = TimeSpan.FromDays(7);

    /// <summary>For so long a token that has ended is told from one that never was.</summary>
    private static readonly TimeSpan TokenMemory = TimeSpan.FromDays(30);

    private readonly StateDatabase _database;
    private readonly NetworkAuthority _authority;
    private readonly TimeProvider _time;
    private readonly ImmutableArray<string> _reservedHosts;
    private ImmutableArray<EnrolledNode> _nodes;
    private readonly Lock _reloading = new();
    private ImmutableArray<Revocation> _revocations;

    private NodeEnrolment(StateDatabase database, NetworkAuthority authority, IEnumerable<string> reservedHosts, TimeProvider time)
    {
        (_database, _authority, _time, _reservedHosts) = (database, authority, time, [.. reservedHosts.Where(static host => !IsOwnMachine(host))]);
        _nodes = [.. EnrolmentTable.ReadNodes(database)];
        _revocations = [.. EnrolmentTable.ReadRevocations(database)];
    }

    /// <summary>The machines that belong to the network, the revoked ones included, by name.</summary>
    public ImmutableArray<EnrolledNode> Nodes => _nodes;

    /// <summary>What is believed no more.</summary>
    public ImmutableArray<Revocation> Revocations
    {
        get
        {
            var now = _time.GetUtcNow();
            return [.. _revocations.Where(revocation => !revocation.IsOver(now))];
        }
    }

    /// <summary>Called after a node was revoked or removed.</summary>
    public Action<NodeName>? ShutOut { get; set; }

    /// <summary>Opens what is written down.</summary>
    /// <param name="database">Where.</param>
    /// <param name="authority">Its fingerprint goes into tokens.</param>
    /// <param name="reservedHosts">Names and addresses of the origin, which no other node may have.</param>
    /// <param name="time">The clock.</param>
    public static NodeEnrolment Open(StateDatabase database, NetworkAuthority authority, IEnumerable<string> reservedHosts, TimeProvider time)
        => new(database, authority, reservedHosts, time);

    /// <summary>The node of a name, or null.</summary>
    public EnrolledNode? Find(NodeName name) => _nodes.FirstOrDefault(node => node.Name == name);

    /// <summary>Gives out a token.</summary>
    /// <exception cref="FaultException"><see cref="EnrolmentFault.Value"/>, <see cref="EnrolmentFault.TooMany"/>.</exception>
    public async Task<(JoinToken Token, DateTimeOffset Expires)> CreateTokenAsync(TokenOrder order, string actor)
    {
        if (order.Life < LeastTokenLife || order.Life > MostTokenLife)
            throw Fault.Of(
                EnrolmentFault.Value, FaultKind.Invalid, $"A token can't live for {Duration.Format(order.Life)}.", $"Use {Duration.Format(LeastTokenLife)}–{Duration.Format(MostTokenLife)}.").ToException();
        var token = JoinToken.Create(_authority.State.SignerAt(_time.GetUtcNow()).Fingerprint);
        var now = _time.GetUtcNow();
        await _database.WriteAsync(transaction =>
        {
            EnrolmentTable.ForgetTokens(transaction, now - TokenMemory);
            if (EnrolmentTable.CountOpenTokens(transaction, now) >= MaxOpenTokens)
                throw Fault.Of(EnrolmentFault.TooMany, FaultKind.Exhausted, $"{MaxOpenTokens} tokens wait to be used.", "Use them, or wait until they end.").ToException();
            EnrolmentTable.AddToken(transaction, token.Hash, order, now);
            Note(transaction, now, actor, "node.token", order.Node?.Value ?? "*", JournalResult.Done, null, null, ("role", NodeIdentity.TextOf(order.Role)), ("site", order.Site), ("expires", Text(now + order.Life)));
        });
        return (token, now + order.Life);
    }

    /// <summary>Takes a node in. The token is used up in the same transaction.</summary>
    /// <exception cref="FaultException"><see cref="EnrolmentFault"/>; the refusal is journalled.</exception>
    public async Task<EnrolledNode> JoinAsync(JoinToken token, JoinWish wish)
    {
        var now = _time.GetUtcNow();
        var hash = token.Hash;
        var (node, fault) = await _database.WriteAsync(transaction =>
        {
            var row = EnrolmentTable.FindToken(transaction, hash);
            var nodes = EnrolmentTable.ReadNodes(transaction);
            var refused = Judge(row, nodes, wish, now);
            if (refused is not null)
            {
                Note(transaction, now, $"node:{wish.Name}@{wish.From}", "node.refuse", wish.Name.Value, JournalResult.Refused, null, null, ("reason", refused.Code), ("role", NodeIdentity.TextOf(wish.Role)));
                return (null, refused);
            }

            var joined = new EnrolledNode(wish.Name, wish.Role, row!.Site, FreeHosts(nodes, wish.Name, wish.Hosts), now, now);
            EnrolmentTable.UseToken(transaction, hash, wish.Name, now);
            EnrolmentTable.PutNode(transaction, joined);
            Note(transaction, now, $"node:{wish.Name}@{wish.From}", "node.join", wish.Name.Value, JournalResult.Done, null, Describe(joined), ("role", NodeIdentity.TextOf(wish.Role)), ("site", row.Site), ("hosts", string.Join(' ', joined.Hosts)));
            return ((EnrolledNode?)joined, (Fault?)null);
        });
        if (fault is not null)
            throw fault.ToException();
        Reload();
        return node!;
    }

    /// <summary>Notes that a node gets another certificate.</summary>
    /// <exception cref="FaultException"><see cref="EnrolmentFault.Unknown"/>, <see cref="EnrolmentFault.Revoked"/>, <see cref="EnrolmentFault.Value"/>.</exception>
    public async Task<EnrolledNode> RenewAsync(NodeName name, ImmutableArray<string> hosts)
    {
        var now = _time.GetUtcNow();
        var renewed = await _database.WriteAsync(transaction =>
        {
            var nodes = EnrolmentTable.ReadNodes(transaction);
            var node = nodes.FirstOrDefault(node => node.Name == name) ?? throw Unknown(name);
            if (node.RevokedAt is not null)
                throw RevokedFault(node).ToException();
            if (HostFault(name, hosts) is { } wrong)
                throw wrong.ToException();
            var next = node with { Hosts = FreeHosts(nodes, name, hosts), RenewedAt = now };
            EnrolmentTable.PutNode(transaction, next);
            Note(transaction, now, $"node:{name}", "node.renew", name.Value, JournalResult.Done, Describe(node), Describe(next));
            return next;
        });
        Reload();
        return renewed;
    }

    /// <summary>Believes a node no more, at once. It stays in the list, and its name can't be taken.</summary>
    /// <exception cref="FaultException"><see cref="EnrolmentFault.Unknown"/>, <see cref="EnrolmentFault.Revoked"/>.</exception>
    public Task<EnrolledNode> RevokeAsync(NodeName name, string why, string actor)
        => ChangeAsync(name, actor, "node.revoke", shutsOut: true, node => node.RevokedAt is null
            ? node with { RevokedAt = _time.GetUtcNow(), RevokedWhy = why }
            : throw RevokedFault(node).ToException(), ("why", why));

    /// <summary>Gives a node no new clients, or takes that back.</summary>
    /// <exception cref="FaultException"><see cref="EnrolmentFault.Unknown"/>.</exception>
    public Task<EnrolledNode> DrainAsync(NodeName name, bool draining, string actor)
        => ChangeAsync(name, actor, draining ? "node.drain" : "node.resume", shutsOut: false, node => node with { Draining = draining });

    /// <summary>Forgets a node. Its certificates are believed no more; with a new token it can join again.</summary>
    /// <exception cref="FaultException"><see cref="EnrolmentFault.Unknown"/>.</exception>
    public Task<EnrolledNode> RemoveAsync(NodeName name, string actor) => ChangeAsync(name, actor, "node.remove", shutsOut: true, static _ => null);

    private async Task<EnrolledNode> ChangeAsync(
        NodeName name, string actor, string action, bool shutsOut, Func<EnrolledNode, EnrolledNode?> change, params (string, string?)[] details)
    {
        var now = _time.GetUtcNow();
        var result = await _database.WriteAsync(transaction =>
        {
            var before = EnrolmentTable.FindNode(transaction, name) ?? throw Unknown(name);
            var after = change(before);
            if (after is null)
                EnrolmentTable.RemoveNode(transaction, name);
            else
                EnrolmentTable.PutNode(transaction, after);
            if (shutsOut)
                EnrolmentTable.PutRevocation(transaction, new Revocation(name, LastOf(before, now)));
            foreach (var over in _revocations.Where(revocation => revocation.IsOver(now) && revocation.Name != name))
                EnrolmentTable.RemoveRevocation(transaction, over.Name);
            Note(transaction, now, actor, action, name.Value, JournalResult.Done, Describe(before), Describe(after), details);
            return after ?? before;
        });
        Reload();
        if (shutsOut)
            ShutOut?.Invoke(name);
        return result;
    }

    /// <summary>Up to when certificates of a node were made. When the clock was set back since by so little that the last of them is believed already, that
    /// counts and not the clock; by more, and a node that joins again could not be told from it.</summary>
    private static DateTimeOffset LastOf(EnrolledNode node, DateTimeOffset now)
        => node.RenewedAt > now && node.RenewedAt - now <= CertificateTimes.ClockSkew ? node.RenewedAt : now;

    private static Fault? Judge(TokenRow? token, IReadOnlyList<EnrolledNode> nodes, JoinWish wish, DateTimeOffset now)
    {
        const string cure = "Have a new one made at the origin: entrepot node token.";
        if (token is null)
            return Fault.Of(EnrolmentFault.WrongToken, FaultKind.Forbidden, "The origin knows no such token.", cure);
        if (token.UsedAt is not null)
            return Fault.Of(EnrolmentFault.UsedToken, FaultKind.Forbidden, $"Node '{token.UsedBy}' has joined with this token already.", cure);
        if (token.ExpiresAt <= now.ToUnixTimeMilliseconds())
            return Fault.Of(EnrolmentFault.ExpiredToken, FaultKind.Forbidden, $"The token ended {Text(DateTimeOffset.FromUnixTimeMilliseconds(token.ExpiresAt))}.", cure);
        if (token.Role != NodeIdentity.TextOf(wish.Role))
            return Fault.Of(EnrolmentFault.WrongToken, FaultKind.Forbidden, $"The token is for the role {token.Role}, not for {NodeIdentity.TextOf(wish.Role)}.", cure);
        if (token.Node is not null && token.Node != wish.Name.Value)
            return Fault.Of(EnrolmentFault.WrongToken, FaultKind.Forbidden, $"The token is for another node than '{wish.Name}'.", cure);
        if (nodes.FirstOrDefault(node => node.Name == wish.Name) is { } known)
            return known.RevokedAt is not null
                ? RevokedFault(known)
                : Fault.Of(
                    EnrolmentFault.NameTaken, FaultKind.Conflict, $"A node '{wish.Name}' is enrolled already.",
                    $"Give this one another name with --node. If it is the same machine and has lost its data folder: entrepot node remove {wish.Name}.");
        return HostFault(wish.Name, wish.Hosts);
    }

    private static Fault? HostFault(NodeName name, ImmutableArray<string> hosts)
        => hosts.Length is 0 or > MaxHosts || hosts.Any(static host => Uri.CheckHostName(host) is UriHostNameType.Unknown or UriHostNameType.Basic)
            ? Fault.Of(EnrolmentFault.Value, FaultKind.Invalid, $"Node '{name}' must name 1–{MaxHosts} host names or addresses.", "Mend 'publicHost' in its settings.")
            : null;

    /// <summary>The host names that are nobody else's: clients that believe the authority would take one node for the other.</summary>
    private ImmutableArray<string> FreeHosts(IReadOnlyList<EnrolledNode> nodes, NodeName name, ImmutableArray<string> hosts)
    {
        var taken = nodes.Where(node => node.Name != name).SelectMany(static node => node.Hosts).Concat(_reservedHosts).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. hosts.Where(host => IsOwnMachine(host) || !taken.Contains(host))];
    }

    /// <summary>Names that are every machine's own.</summary>
    private static bool IsOwnMachine(string host)
        => host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private void Reload()
    {
        // Of two that read at once, the one that saw less must not be the last to tell.
        lock (_reloading)
        {
            ImmutableInterlocked.InterlockedExchange(ref _nodes, [.. EnrolmentTable.ReadNodes(_database)]);
            ImmutableInterlocked.InterlockedExchange(ref _revocations, [.. EnrolmentTable.ReadRevocations(_database)]);
        }
    }

    private static void Note(
        StateTransaction transaction, DateTimeOffset at, string actor, string action, string subject, JournalResult result, string? before, string? after,
        params (string Key, string? Value)[] details)
        => JournalTable.Append(transaction, new JournalEntry(at, actor, action, subject, Json(details)) { Result = result, Before = before, After = after });

    private static string? Describe(EnrolledNode? node) => node is null ? null : Json(
        ("role", NodeIdentity.TextOf(node.Role)), ("site", node.Site), ("hosts", string.Join(' ', node.Hosts)), ("renewed", Text(node.RenewedAt)),
        ("state", node.RevokedAt is not null ? "revoked" : node.Draining ? "draining" : "enrolled"));

    private static string Json(params (string Key, string? Value)[] members) => JsonSerializer.Serialize(
        members.Where(static member => member.Value is not null).ToDictionary(static member => member.Key, static member => member.Value), TrustJson.Default.DictionaryStringString);

    private static Fault RevokedFault(EnrolledNode node) => Fault.Of(
        EnrolmentFault.Revoked, FaultKind.Forbidden, $"Node '{node.Name}' was revoked {(node.RevokedAt is { } at ? Text(at) : "")}: {node.RevokedWhy}",
        $"If it is to come back: entrepot node remove {node.Name}, and a new token.");

    private static FaultException Unknown(NodeName name) => Fault.Of(
        EnrolmentFault.Unknown, FaultKind.NotFound, $"No node '{name}' is enrolled.", "entrepot node list shows those that are.").ToException();

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("u", System.Globalization.CultureInfo.InvariantCulture);
}
