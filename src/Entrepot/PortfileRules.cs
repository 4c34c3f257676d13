using System.CommandLine;
using System.Net;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Proof;

namespace Entrepot.Cli;

/// <summary>A portfile and the machine for which it is compiled.</summary>
internal sealed class PortfileRules
{
    public Argument<string> File { get; } = new("file") { Description = "A portfile", HelpName = "FILE" };

    public Option<string?> Node { get; } = new("--node") { Description = "Compile for this node [default: the node that runs on --data, else the machine's name]", HelpName = "NAME" };

    public Option<string?> Site { get; } = new("--site") { Description = "Where the node is [default: local]", HelpName = "NAME" };

    public void AddTo(Command command, CommonOptions common)
    {
        command.Add(File);
        command.Add(Node);
        command.Add(Site);
        command.Add(common.Server);
        command.Add(common.Data);
    }

    /// <summary>Reads and compiles; remarks and warnings go to people.</summary>
    /// <exception cref="FaultException">The portfile is wrong, or says what can't be compiled yet: every reason.</exception>
    public async Task<(Portfile Portfile, RuleModel Model)> CompileAsync(CommandContext context, CancellationToken cancellation)
    {
        var file = context.Get(File);
        var now = context.Environment.Time.GetUtcNow();
        var result = PortfileReader.Read(PortfileReader.ReadText(file), file, now);
        var portfile = result.Require();
        var node = NodeOf(context);
        var site = SiteOf(context);
        // Only a service that takes its port from a pool makes a network necessary.
        var leases = portfile.Services.Any(service => service.Port is null && service.Placement.Covers(node, site))
            ? await LeasesAsync(context, cancellation)
            : [];
        var compiled = RuleCompiler.Compile(portfile, node, site, leases, [], now);
        foreach (var remark in result.Warnings.Select(static warning => warning.ToString()).Concat(compiled.Remarks))
            context.Environment.Error.WriteLine(Rendering.Printable.Text($"entrepot: {remark}"));
        return (portfile, compiled.Require());
    }

    /// <summary>The ports of the machine's pools.</summary>
    public PortSet Pools(CommandContext context, Portfile portfile)
        => portfile.Pools.Where(pool => pool.Placement.Covers(NodeOf(context), SiteOf(context))).Aggregate(PortSet.Empty, static (ports, pool) => ports.Union(pool.Pool.Ports));

    /// <summary>Warns of what is allowed and probably not meant. The portfile's own checks have told what grants alone show.</summary>
    /// <param name="context">The run.</param>
    /// <param name="model">What was compiled.</param>
    /// <param name="openings">The openings there are.</param>
    public static void Warn(CommandContext context, RuleModel model, IEnumerable<Opening> openings)
    {
        foreach (var remark in DeclarationAnalysis.Of(model with { Openings = [.. openings] }).Where(static remark => remark is { Grant: null, Kind: not RemarkKind.Empty }))
            context.Environment.Error.WriteLine(Rendering.Printable.Text($"entrepot: {remark.Message}"));
    }

    private static async Task<IReadOnlyList<LeasedPort>> LeasesAsync(CommandContext context, CancellationToken cancellation)
    {
        var client = await context.ConnectAsync(cancellation);
        var leases = await client.ListPortsAsync(cancellation);
        return [.. leases.Select(static lease => PortProtocols.TryParse(lease.Protocol, out var protocol) && NodeName.TryParse(lease.Node, out var node, out _)
                ? new LeasedPort(node, lease.Service, protocol, lease.Port) : default)
            .Where(static lease => lease.Port > 0)];
    }

    private string SiteOf(CommandContext context) => context.Get(Site) ?? "local";

    /// <summary>The machine for which it is compiled.</summary>
    public NodeName NodeOf(CommandContext context)
    {
        var name = context.Get(Node) ?? NetworkDiscovery.Announced(context.DataFolder)?.Node ?? Dns.GetHostName().Split('.')[0].ToLowerInvariant();
        return NodeName.Parse(name);
    }
}
