using Entrepot.Core.Faults;
using Entrepot.Server.Configuration;

namespace Entrepot.Server.Hosting;

/// <summary>What to start: which roles, by which settings.</summary>
/// <param name="Roles">At least one.</param>
/// <param name="Settings">The validated settings.</param>
/// <param name="PublishRuntime">True to publish the runtime mirror when the catalog is empty, as <c>entrepot up</c> does.</param>
public sealed record NodePlan(NodeRoles Roles, Settings Settings, bool PublishRuntime)
{
    /// <summary>Refuses combinations that can't work, all reasons at once.</summary>
    /// <exception cref="FaultException"><see cref="HostingFault.Roles"/>.</exception>
    public void Validate()
    {
        var problems = new List<string>();
        if (Roles == NodeRoles.None)
            problems.Add("no role is named");
        foreach (var (role, who) in new[] { (NodeRoles.Edge, "an edge"), (NodeRoles.Scheduler, "a scheduler") })
        {
            if (Roles.HasFlag(role) && !Roles.HasFlag(NodeRoles.Origin) && Settings.Origin is null)
                problems.Add($"{who} needs the address of its origin");
        }

        if (Roles.HasFlag(NodeRoles.Edge | NodeRoles.Origin) && !Settings.Metadata.Enabled && Settings.Origin is null)
            problems.Add("the edges of an origin's node read from its metadata surface, which 'surfaces.metadata.enabled: false' turns off");
        if (problems.Count > 0)
            throw Fault.Of(
                HostingFault.Roles, FaultKind.Invalid, $"These roles can't start: {string.Join("; ", problems)}.",
                "Use --roles origin,scheduler on one machine, and --roles edge or --roles scheduler with --origin http://ORIGIN:3000 on the others.").ToException();
    }
}
