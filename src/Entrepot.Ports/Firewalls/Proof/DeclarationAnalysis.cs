using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using Entrepot.Core.Faults;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls.Evaluation;

namespace Entrepot.Ports.Firewalls.Proof;

/// <summary>Finds declarations that do nothing or contradict each other, although each is well formed. Pure; exact also where it takes
/// several declarations together to make one of them superfluous.</summary>
public static class DeclarationAnalysis
{
    /// <summary>Looks at the services of a portfile, each by itself.</summary>
    public static ImmutableArray<DeclarationRemark> Of(Portfile portfile)
        => Collect((space, remarks) =>
        {
            foreach (var service in portfile.Services)
                Ways(service.Name, service.Allow, space, remarks);
        });

    /// <summary>Looks at the doors and openings of a node.</summary>
    public static ImmutableArray<DeclarationRemark> Of(RuleModel model)
        => Collect((space, remarks) =>
        {
            foreach (var door in model.Doors)
                Ways(door.Service, door.Ways, space, remarks);
            Overlaps(model, remarks);
            Management(model, space, remarks);
            Openings(model, space, remarks);
        });

    private static ImmutableArray<DeclarationRemark> Collect(Action<PacketSpace, ImmutableArray<DeclarationRemark>.Builder> look)
    {
        var remarks = ImmutableArray.CreateBuilder<DeclarationRemark>();
        try
        {
            look(new PacketSpace([], HostView.Unknown), remarks);
        }
        catch (FaultException exception) when (exception.Fault.Is(ProofFault.TooLarge))
        {
            remarks.Add(new DeclarationRemark(RemarkKind.Unchecked, "", null, exception.Fault.Message));
        }

        return remarks.ToImmutable();
    }

    private static void Ways(string service, ImmutableArray<AccessGrant> ways, PacketSpace space, ImmutableArray<DeclarationRemark>.Builder remarks)
    {
        var sets = ways.Select(way => IntentSets.Sources(way, space)).ToList();
        if (ways.Length > 0 && sets.TrueForAll(static set => set == DecisionDiagram.Empty))
        {
            remarks.Add(new DeclarationRemark(RemarkKind.Empty, service, null, $"'{service}' lets nobody in: none of those it names has an address."));
            return;
        }

        // From the last on, so that of two that say the same the first stays; what was found superfluous no longer covers others.
        var kept = Enumerable.Range(0, ways.Length).Where(index => sets[index] != DecisionDiagram.Empty).ToList();
        for (var index = ways.Length - 1; index >= 0; index--)
        {
            if (!kept.Contains(index))
                continue;
            var others = kept.Where(other => other != index).ToList();
            var union = space.Diagram.Union(CollectionsMarshal.AsSpan(others.ConvertAll(other => sets[other])));
            if (space.Diagram.Minus(sets[index], union) != DecisionDiagram.Empty)
                continue;
            kept.Remove(index);
            var alone = others.Find(other => space.Diagram.Minus(sets[index], sets[other]) == DecisionDiagram.Empty);
            var isAlone = others.Count > 0 && space.Diagram.Minus(sets[index], sets[alone]) == DecisionDiagram.Empty;
            var covering = isAlone ? [alone] : others.Where(other => space.Diagram.And(sets[index], sets[other]) != DecisionDiagram.Empty);
            remarks.Add(new DeclarationRemark(
                RemarkKind.Redundant, service, ways[index].Origin,
                $"'{service}' lets in {ways[index].Origin} already by {string.Join(" and ", covering.Select(other => ways[other].Origin))}: taking it out changes nothing.") { Index = index });
        }
    }

    private static void Overlaps(RuleModel model, ImmutableArray<DeclarationRemark>.Builder remarks)
    {
        Door? widest = null;
        foreach (var door in model.Doors.OrderBy(static door => door.Protocol).ThenBy(static door => door.First))
        {
            if (widest is not null && widest.Protocol == door.Protocol && door.First <= widest.Last)
                remarks.Add(new DeclarationRemark(
                    RemarkKind.Overlap, door.Service, null,
                    string.Create(CultureInfo.InvariantCulture, $"'{door.Service}' and '{widest.Service}' both govern port {door.First}: whoever one of them lets in gets in.")));
            if (widest is null || widest.Protocol != door.Protocol || door.Last > widest.Last)
                widest = door;
        }
    }

    /// <summary>The management port is open to those who administer, whatever its door says.</summary>
    private static void Management(RuleModel model, PacketSpace space, ImmutableArray<DeclarationRemark>.Builder remarks)
    {
        var floor = model.Floor;
        foreach (var door in model.Doors.Where(door => door.Protocol == Allocation.PortProtocol.Tcp && door.First <= floor.ManagementPort && floor.ManagementPort <= door.Last))
        {
            var administrators = floor.ManagementNetworks.IsEmpty
                ? DecisionDiagram.Everything
                : space.Diagram.Union(CollectionsMarshal.AsSpan(floor.ManagementNetworks.Select(space.Source).ToList()));
            var admitted = space.Diagram.Union(CollectionsMarshal.AsSpan(door.Ways.Select(way => IntentSets.Sources(way, space)).ToList()));
            if (space.Diagram.Minus(administrators, admitted) != DecisionDiagram.Empty)
                remarks.Add(new DeclarationRemark(
                    RemarkKind.Management, door.Service, null,
                    string.Create(CultureInfo.InvariantCulture, $"'{door.Service}' has the management port {floor.ManagementPort}, which stays open to the management networks although the service does not let all of them in.")));
        }
    }

    private static void Openings(RuleModel model, PacketSpace space, ImmutableArray<DeclarationRemark>.Builder remarks)
    {
        foreach (var opening in model.Openings)
        {
            if (model.Doors.FirstOrDefault(door => door.Protocol == opening.Protocol && door.First <= opening.Port && opening.Port <= door.Last) is not { Blocked: false } door)
                continue;
            var from = new AccessGrant(opening.From is { } network ? [network] : [], opening.Mac is { } mac ? [mac] : [], "");
            var admitted = space.Diagram.Union(CollectionsMarshal.AsSpan(door.Ways.Select(way => IntentSets.Sources(way, space)).ToList()));
            if (space.Diagram.Minus(IntentSets.Sources(from, space), admitted) == DecisionDiagram.Empty)
                remarks.Add(new DeclarationRemark(
                    RemarkKind.Redundant, door.Service, null,
                    string.Create(CultureInfo.InvariantCulture, $"Opening {opening.Id} lets in nobody whom '{door.Service}' does not let in anyway; its end will close nothing.")));
        }
    }
}

/// <summary>Something about a declaration that is allowed and probably not meant.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Service">The service.</param>
/// <param name="Grant">Which of its grants, as the portfile writes it (<see cref="AccessGrant.Origin"/>), or null.</param>
/// <param name="Message">One sentence for a person.</param>
public sealed record DeclarationRemark(RemarkKind Kind, string Service, string? Grant, string Message)
{
    /// <summary>Which of the service's grants, from 0, or null.</summary>
    public int? Index { get; init; }
}

/// <summary>Kinds of remarks.</summary>
public enum RemarkKind
{
    /// <summary>It is covered by others, alone or together.</summary>
    Redundant,

    /// <summary>It lets nobody in, though it names somebody.</summary>
    Empty,

    /// <summary>Two doors govern one port.</summary>
    Overlap,

    /// <summary>The floor lets in more than the door.</summary>
    Management,

    /// <summary>There was not memory enough to look at everything.</summary>
    Unchecked,
}
