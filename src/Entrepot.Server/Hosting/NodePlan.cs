using Entrepot.Core.Faults;
using Entrepot.Server.Configuration;
using Entrepot.Server.Enrolment;

namespace Entrepot.Server.Hosting;

/// <summary>What to start: which roles, by which settings.</summary>
/// <param name="Roles">At least one.</param>
/// <param name="Settings">The validated settings.</param>
/// <param name="PublishRuntime">True to publish the runtime mirror when the catalog is empty, as <c>entrepot up</c> does.</param>
public sealed record NodePlan(NodeRoles Roles, Settings Settings, bool PublishRuntime)
{
    /// <summary>How the node joins, or null when it is the origin's or has joined.</summary>
    public JoinOrder? Join { get; init; }

    /// <summary>Refuses combinations that can't work, all reasons at once.</summary>
    /// <exception cref="FaultException"><see cref="HostingFault.Roles"/>.</exception>
    public void Validate()
    {
        var problems = new List<string>();
        if (Roles == NodeRoles.None)
            problems.Add("no role is named");
        if (Roles.HasFlag(NodeRoles.Origin) && Join is not null)
            problems.Add("the origin joins nobody");
        if (!Roles.HasFlag(NodeRoles.Origin) && !System.Numerics.BitOperations.IsPow2((int)Roles) && Roles != NodeRoles.None)
            problems.Add("several roles away from the origin are several nodes, each with a data folder and a token of its own");
        if (Join is { Origin: { } origin } && origin.Scheme != Uri.UriSchemeHttps)
            problems.Add($"a node joins over TLS, and '{origin}' does not begin with https://");
        if (Roles.HasFlag(NodeRoles.Edge | NodeRoles.Origin) && !Settings.Metadata.Enabled && Settings.Origin is null)
            problems.Add("the edges of an origin's node read from its metadata surface, which 'surfaces.metadata.enabled: false' turns off");
        if (problems.Count > 0)
            throw Fault.Of(
                HostingFault.Roles, FaultKind.Invalid, $"These roles can't start: {string.Join("; ", problems)}.",
                "Use --roles origin,scheduler on one machine, and --roles edge, scheduler or audit with --join https://ORIGIN:9080 --token-file FILE on the others.").ToException();
    }
}
