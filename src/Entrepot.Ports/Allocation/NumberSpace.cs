using Entrepot.Ports.Allocation.Factors;

namespace Entrepot.Ports.Allocation;

/// <summary>Who has, or had, a port.</summary>
internal sealed record LeaseHolder(long Port, string Service, long Slot);

/// <summary>Who gave a port back, and when (Unix milliseconds).</summary>
internal sealed record PortRelease(long Port, string Service, long At);

/// <summary>What happened on a port, and who had it last.</summary>
internal sealed record PortPastRow(long Port, string? LastOwner, long Owners, long Conflicts, long Scans);

/// <summary>Who has and had which ports of one transport on one node: the rows, in the form in which decisions read them. It follows
/// the writes of its owner, so that a grant costs the same however many leases there are.</summary>
internal sealed class NumberSpace
{
    private readonly Dictionary<int, string> _holders = [];
    private readonly Dictionary<string, SortedDictionary<int, int>> _slots = new(StringComparer.Ordinal);
    private readonly Dictionary<int, PortRelease> _releases = [];
    private readonly Dictionary<int, string?> _lastOwners = [];
    private readonly ulong[] _leased = new ulong[PortSet.WordCount];

    public NumberSpace(IEnumerable<LeaseHolder> holders, IEnumerable<PortRelease> releases, IEnumerable<PortPastRow> past)
    {
        foreach (var holder in holders)
            Grant((int)holder.Port, holder.Service, (int)holder.Slot);
        foreach (var release in releases)
            _releases[(int)release.Port] = release;
        foreach (var row in past)
        {
            Past.Set((int)row.Port, new PortPast((int)row.Conflicts, (int)row.Owners, (int)row.Scans));
            _lastOwners[(int)row.Port] = row.LastOwner;
        }
    }

    /// <summary>What happened on ports.</summary>
    public PortHistory Past { get; } = new([]);

    /// <summary>Every leased port.</summary>
    public PortSet Leased() => PortSet.OfWords(_leased);

    /// <summary>Every port that somebody else has.</summary>
    public PortSet LeasedByOthers(string? service)
    {
        if (service is null || !_slots.TryGetValue(service, out var own))
            return Leased();
        Span<ulong> words = stackalloc ulong[PortSet.WordCount];
        _leased.CopyTo(words);
        foreach (var port in own.Values)
            words[port >> 6] &= ~(1UL << port);
        return PortSet.OfWords(words);
    }

    /// <summary>Who has a port, or null.</summary>
    public string? HolderOf(int port) => _holders.GetValueOrDefault(port);

    /// <summary>The first port of a service, or null.</summary>
    public int? PortOf(string service) => _slots.TryGetValue(service, out var own) ? own.First().Value : null;

    /// <summary>True when a service has ports of a block, or what is left of one.</summary>
    public bool HasBlock(string service) => _slots.TryGetValue(service, out var own) && own.Keys.Last() > 0;

    /// <summary>What others gave back after a moment (Unix milliseconds). A service that changes its port holds leases under two names;
    /// the port that it left is still its own to come back to.</summary>
    public Dictionary<int, string> CoolingSince(long since, string? service)
    {
        var self = service is null ? null : PortSuccession.ServiceOf(service);
        var cooling = new Dictionary<int, string>();
        foreach (var (port, release) in _releases)
        {
            if (release.At > since && PortSuccession.ServiceOf(release.Service) != self)
                cooling.Add(port, $"was released by '{release.Service}' just now and cools down");
        }

        return cooling;
    }

    /// <summary>True when the last who gave a port back was another service, or nobody.</summary>
    public bool ChangesOwner(int port, string service) => _lastOwners.GetValueOrDefault(port) != service;

    /// <summary>Follows a service that gives up all its ports for new ones.</summary>
    public void Drop(string service)
    {
        if (!_slots.Remove(service, out var own))
            return;
        foreach (var port in own.Values)
            Forget(port);
    }

    /// <summary>Follows a grant.</summary>
    public void Grant(int port, string service, int slot)
    {
        if (!_slots.TryGetValue(service, out var own))
            _slots.Add(service, own = []);
        own[slot] = port;
        _holders[port] = service;
        _leased[port >> 6] |= 1UL << port;
    }

    /// <summary>Follows a release.</summary>
    public void Release(int port, string service, int slot, long at, long forgetBefore)
    {
        if (_slots.TryGetValue(service, out var own) && own.Remove(slot) && own.Count == 0)
            _slots.Remove(service);
        Forget(port);
        foreach (var old in _releases.Where(pair => pair.Value.At <= forgetBefore).Select(static pair => pair.Key).ToList())
            _releases.Remove(old);
        _releases[port] = new PortRelease(port, service, at);
    }

    /// <summary>Follows what happened on a port.</summary>
    public void Remember(int port, string? owner, int owners, int conflicts, int scans)
    {
        var past = Past[port] ?? new PortPast(0, 0, 0);
        Past.Set(port, new PortPast(past.Conflicts + conflicts, past.Owners + owners, past.Scans + scans));
        if (owner is not null || !_lastOwners.ContainsKey(port))
            _lastOwners[port] = owner;
    }

    private void Forget(int port)
    {
        _holders.Remove(port);
        _leased[port >> 6] &= ~(1UL << port);
    }
}
