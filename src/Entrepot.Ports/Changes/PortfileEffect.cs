using System.Globalization;
using Entrepot.Core.Changes;
using Entrepot.Core.Documents;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Ports.Changes;

/// <summary>What another portfile would do: services, leases and doors, compared with the one in force. Pure; uses the allocator and the rule compiler
/// that are used when it comes into force.</summary>
public static class PortfileEffect
{
    /// <summary>Most nodes whose doors are compared.</summary>
    public const int MaxNodes = 64;

    /// <summary>Compares two portfiles.</summary>
    /// <param name="before">The one in force.</param>
    /// <param name="after">The other.</param>
    /// <param name="scene">What they meet.</param>
    /// <returns>The gravest first.</returns>
    public static IReadOnlyList<ChangeEffect> Of(Portfile before, Portfile after, PortfileScene scene)
    {
        var effects = new List<ChangeEffect>();
        Services(before, after, effects);
        Lists(before, after, effects);
        var then = Leases(after, scene, effects);
        Doors(before, after, scene, then, effects);
        return ChangeEffect.Order(effects);
    }

    private static void Services(Portfile before, Portfile after, List<ChangeEffect> effects)
    {
        var (old, next) = (before.Services.ToDictionary(static service => service.Name), after.Services.ToDictionary(static service => service.Name));
        foreach (var service in before.Services.Where(service => !next.ContainsKey(service.Name)))
            effects.Add(new ChangeEffect(EffectWeight.Attention, $"service {service.Name}", $"is declared no more; it had {PortOf(service)} {service.Placement}, for {service.Purpose}"));
        foreach (var service in after.Services)
        {
            if (!old.TryGetValue(service.Name, out var was))
                effects.Add(new ChangeEffect(EffectWeight.Attention, $"service {service.Name}", $"is new: {PortOf(service)} {service.Placement}, for {service.Purpose}, owner {service.Owner}"));
            else if (Facets(was).Zip(Facets(service)).Where(static pair => pair.First.Value != pair.Second.Value).ToList() is { Count: > 0 } changed)
                effects.Add(new ChangeEffect(
                    changed.Exists(static pair => pair.First.Weighs) ? EffectWeight.Attention : EffectWeight.Note, $"service {service.Name}",
                    $"changes {string.Join("; ", changed.Select(static pair => $"{pair.First.Name} from {pair.First.Value} to {pair.Second.Value}"))}"));
        }
    }

    private static IEnumerable<(string Name, string Value, bool Weighs)> Facets(ServiceDeclaration service) =>
    [
        ("port", PortOf(service), true),
        ("place", service.Placement.ToString(), true),
        ("way of choosing", Word(service.Mode), false),
        ("zone", service.Zone ?? "none", false),
        ("who is allowed", service.Allow.IsEmpty ? "this machine" : string.Join(", ", service.Allow.Select(static grant => grant.Origin)), false),
        ("rate", service.Rate?.ToString() ?? "none", true),
        ("connections per source", Text(service.ConnectionsPerSource), true),
        ("connections", Text(service.Connections), true),
        ("tls", Word(service.Tls), true),
        ("owner", service.Owner, false),
        ("purpose", service.Purpose, false),
        ("end", service.Expires is { } end ? end.UtcDateTime.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture) : "never", true),
        ("audience", Word(service.Audience), false),
        ("process", service.Process is { } process ? string.Join(' ', new[] { process.User, process.Executable, process.Unit }.Where(static part => part is not null)) : "any", true),
        ("reaction to strangers", service.Strangers is { } reaction ? Word(reaction) : "the policy's", true),
        ("accepted risks", service.Accept.IsEmpty ? "none" : string.Join(", ", service.Accept.Select(Word)), true),
        ("rotation", service.Rotation is { } rotation ? $"every {Duration.Format(rotation)}, {Duration.Format(service.RotationOverlap)} overlap" : "never", false),
    ];

    private static void Lists(Portfile before, Portfile after, List<ChangeEffect> effects)
    {
        Compare(before.Pools, after.Pools, static pool => pool.Pool.Name, "pool", static pool => $"{pool.Pool.First}-{pool.Pool.Last} {Word(pool.Pool.Strategy)} {pool.Placement}, spare {pool.SpareShare * 100:0}%", effects);
        Compare(before.Zones, after.Zones, static zone => zone.Name, "zone", static zone => $"facing {Word(zone.Facing)}, {(zone.Networks.IsEmpty ? "no network" : string.Join(", ", zone.Networks))}", effects);
        Compare(
            before.Identities, after.Identities, static identity => identity.Name, "identity",
            static identity => string.Join(", ", identity.Networks.Select(static network => network.ToString()).Concat(identity.Macs.Select(static mac => mac.ToString()))), effects);
        Compare(before.Sites, after.Sites, static site => site.Name, "site", static site => string.Join(", ", site.Nodes), effects);
        var (was, now) = (before.Policy, after.Policy);
        Policy("profile", Word(was.Profile), Word(now.Profile), EffectWeight.Note);
        Policy("dynamic ports", Word(was.DynamicPorts), Word(now.DynamicPorts), EffectWeight.Attention);
        Policy("undeclared ports", Word(was.Undeclared), Word(now.Undeclared), EffectWeight.Danger);
        Policy("the longest opening", Duration.Format(was.LongestOpening), Duration.Format(now.LongestOpening), EffectWeight.Attention);
        Policy("the management port, which stays open whatever the rest says,", Management(was), Management(now), EffectWeight.Danger);
        Policy("the reaction to strangers", Word(was.Strangers), Word(now.Strangers), EffectWeight.Attention);
        Policy("the node ports of Kubernetes", was.KubernetesNodePorts?.ToString() ?? "none", now.KubernetesNodePorts?.ToString() ?? "none", EffectWeight.Note);

        void Policy(string what, string from, string to, EffectWeight weight)
        {
            if (from != to)
                effects.Add(new ChangeEffect(weight, "policy", $"changes {what} from {from} to {to}"));
        }

        static string Management(PortfilePolicy policy)
            => string.Create(CultureInfo.InvariantCulture, $"tcp/{policy.ManagementPort} from {(policy.ManagementNetworks.IsEmpty ? "everywhere" : string.Join(", ", policy.ManagementNetworks))}");
    }

    private static void Compare<T>(IEnumerable<T> before, IEnumerable<T> after, Func<T, string> name, string kind, Func<T, string> describe, List<ChangeEffect> effects)
    {
        var (old, next) = (before.ToDictionary(name, describe), after.ToDictionary(name, describe));
        foreach (var (key, was) in old.Where(pair => !next.ContainsKey(pair.Key)))
            effects.Add(new ChangeEffect(EffectWeight.Note, $"{kind} {key}", $"is gone; it was {was}"));
        foreach (var (key, now) in next)
        {
            if (!old.TryGetValue(key, out var was))
                effects.Add(new ChangeEffect(EffectWeight.Note, $"{kind} {key}", $"is new: {now}"));
            else if (was != now)
                effects.Add(new ChangeEffect(EffectWeight.Note, $"{kind} {key}", $"changes from {was} to {now}"));
        }
    }

    /// <summary>What the node's port book would release and grant, as <c>GovernedServices</c> does when the portfile is in force.</summary>
    /// <returns>The leases that there would be.</returns>
    private static List<LeasedPort> Leases(Portfile after, PortfileScene scene, List<ChangeEffect> effects)
    {
        var wanted = after.Services.Where(service => service.Placement.Covers(scene.Node, scene.Site) && !scene.Own.Contains(service.Name)).ToList();
        var kept = wanted.Select(static service => service.Name).Concat(scene.Own).ToHashSet(StringComparer.Ordinal);
        var (leases, released) = (new List<PortLease>(), new List<PortLease>());
        foreach (var lease in scene.Leases.Where(lease => lease.Node == scene.Node))
        {
            if (kept.Contains(lease.Service))
                leases.Add(lease);
            else
                released.Add(lease);
            if (released.Contains(lease) && lease.Slot == 0)
                effects.Add(new ChangeEffect(EffectWeight.Attention, $"lease {lease.Protocol.Name()}/{Text(lease.Port)}", $"of '{lease.Service}' is released on node {scene.Node}"));
        }

        var policy = DeclaredChoice.Policy(after, scene.Node, scene.Site);
        var then = FirstPorts(scene.Leases.Where(lease => lease.Node != scene.Node).Concat(leases));
        foreach (var protocol in wanted.GroupBy(static service => service.Protocol))
        {
            var space = scene.Book?.Space(scene.Node, protocol.Key)
                ?? new NumberSpace(scene.Leases.Where(lease => lease.Node == scene.Node && lease.Protocol == protocol.Key).Select(static lease => new LeaseHolder(lease.Port, lease.Service, lease.Slot)), [], []);
            foreach (var lease in released.Where(lease => lease.Protocol == protocol.Key))
                Release(space, lease, scene.Now);
            foreach (var service in protocol)
                Grant(after, service, scene, policy, space, then, effects);
        }

        return then;
    }

    /// <summary>As the port book notes it: the port cools down, and has had another owner.</summary>
    private static void Release(NumberSpace space, PortLease lease, DateTimeOffset now)
    {
        space.Release(lease.Port, lease.Service, lease.Slot, now.ToUnixTimeMilliseconds(), long.MinValue);
        if (space.ChangesOwner(lease.Port, lease.Service))
            space.Remember(lease.Port, lease.Service, 1, 0, 0);
    }

    private static List<LeasedPort> FirstPorts(IEnumerable<PortLease> leases) => [.. leases.Where(static lease => lease.Slot == 0).Select(LeasedPort.Of)];

    private static void Grant(
        Portfile after, ServiceDeclaration service, PortfileScene scene, PortPolicy policy, NumberSpace space, List<LeasedPort> then, List<ChangeEffect> effects)
    {
        var pool = after.Pools.FirstOrDefault(pool => pool.Pool.Name == service.Pool)?.Pool;
        var has = space.PortOf(service.Name);
        if (has is { } port && (service.Port == port || (service.Port is null && pool?.Contains(port) == true)))
            return;
        var request = DeclaredChoice.Request(after, service, scene.Node);
        var observed = scene.Observed(service.Protocol);
        // A program that runs already has its own port, and is no obstacle to its own lease.
        observed = observed with { InTheWay = [.. observed.InTheWay.Where(socket => service.Port is not { } first || socket.Port < first || socket.Port >= first + service.Ports)] };
        if (scene.Book is { } book)
            observed = book.WithEvidence(scene.Node, service.Protocol, request, observed);
        var situation = SituationAssembler.Assemble(service.Protocol, request, space, policy, observed, scene.Now);
        var isDrawn = service.Mode == AllocationMode.Random;
        var decision = PortAllocator.Decide(request, isDrawn ? situation with { Drawn = 0 } : situation);
        var subject = $"lease of '{service.Name}'";
        if (decision.Port is not { } granted)
        {
            effects.Add(new ChangeEffect(EffectWeight.Danger, subject, $"is refused on node {scene.Node}: {decision.Reason.TrimEnd('.')}"));
            return;
        }

        var was = has is { } left ? $"moves from {service.Protocol.Name()}/{Text(left)}" : "is granted";
        effects.Add(new ChangeEffect(
            EffectWeight.Attention, subject,
            isDrawn
                ? $"{was}: a {service.Protocol.Name()} port drawn by chance from pool '{service.Pool}' on node {scene.Node}"
                : $"{was}{(has is null ? ":" : " to")} {service.Protocol.Name()}/{Text(granted)} on node {scene.Node}: {decision.Reason.TrimEnd('.')}"));
        space.Drop(service.Name);
        then.RemoveAll(lease => lease.Node == scene.Node && lease.Service == service.Name && lease.Protocol == service.Protocol);
        for (var slot = 0; slot < service.Ports; slot++)
            space.Grant(granted + slot, service.Name, slot);
        then.Add(new LeasedPort(scene.Node, service.Name, service.Protocol, granted));
    }

    private static void Doors(Portfile before, Portfile after, PortfileScene scene, List<LeasedPort> then, List<ChangeEffect> effects)
    {
        var places = new Dictionary<NodeName, string> { [scene.Node] = scene.Site };
        foreach (var site in before.Sites.Concat(after.Sites))
        {
            foreach (var node in site.Nodes)
                places.TryAdd(node, site.Name);
        }

        var now = FirstPorts(scene.Leases);
        var found = new Dictionary<ChangeEffect, List<NodeName>>();
        foreach (var (node, site) in places.Take(MaxNodes))
        {
            var (was, next) = (Compile(before, node, site, now, scene.Now), Compile(after, node, site, then, scene.Now));
            foreach (var fault in next.Faults)
                Add(new ChangeEffect(EffectWeight.Danger, "packet filter", $"can't be told: {fault.Message}"), node);
            if (was.Model is not { } old || next.Model is not { } fresh)
                continue;
            foreach (var effect in DoorDifference.Of(old, fresh))
                Add(effect, node);
        }

        foreach (var (effect, nodes) in found)
            effects.Add(effect with { Text = $"{effect.Text} (node{(nodes.Count == 1 ? "" : "s")} {string.Join(", ", nodes.Take(8))}{(nodes.Count > 8 ? $" and {nodes.Count - 8} more" : "")})" });
        if (places.Count > MaxNodes)
            effects.Add(new ChangeEffect(EffectWeight.Attention, "doors", $"were compared for {MaxNodes} of {places.Count} nodes"));

        void Add(ChangeEffect effect, NodeName node)
        {
            if (!found.TryGetValue(effect, out var nodes))
                found.Add(effect, nodes = []);
            nodes.Add(node);
        }
    }

    /// <summary>A node's rules; services that get their port on another node, when they start there, are left out.</summary>
    private static CompiledRules Compile(Portfile portfile, NodeName node, string site, IReadOnlyCollection<LeasedPort> leases, DateTimeOffset now)
    {
        var leased = leases.Where(lease => lease.Node == node).Select(static lease => (lease.Service, lease.Protocol)).ToHashSet();
        return RuleCompiler.Compile(
            portfile with { Services = [.. portfile.Services.Where(service => service.Port is not null || leased.Contains((service.Name, service.Protocol)))] }, node, site, leases, [], now);
    }

    private static string PortOf(ServiceDeclaration service)
    {
        var protocol = service.Protocol.Name();
        return service.Port is { } first
            ? $"{protocol}/{Text(first)}{(service.Ports == 1 ? "" : $"-{Text(first + service.Ports - 1)}")}"
            : $"{(service.Ports == 1 ? $"a {protocol} port" : $"{Text(service.Ports)} {protocol} ports")} of pool {service.Pool}";
    }

    private static string Text(int? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "none";

    private static string Word<T>(T value)
        where T : struct, Enum
        => value.ToString().ToLowerInvariant();
}
