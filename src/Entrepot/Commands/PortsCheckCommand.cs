using System.CommandLine;
using System.Net;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Documents;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;

namespace Entrepot.Cli.Commands;

/// <summary>What checking portfiles came to.</summary>
/// <param name="Valid">True when no file holds an error.</param>
/// <param name="Files">Each file, in the order in which they were named.</param>
internal sealed record PortfileReport(bool Valid, IReadOnlyList<CheckedPortfile> Files);

/// <summary>What is wrong with one portfile, and what it declares.</summary>
/// <param name="File">The file.</param>
/// <param name="Valid">True when it holds no error.</param>
/// <param name="Errors">Everything that makes it unusable, in the file's order.</param>
/// <param name="Warnings">What is allowed and probably not meant, in the file's order.</param>
/// <param name="Policy">The rules that concern everything; null when it is not valid.</param>
/// <param name="Pools">The pools; null when it is not valid.</param>
/// <param name="Services">The services; null when it is not valid.</param>
internal sealed record CheckedPortfile(
    string File, bool Valid, IReadOnlyList<DocumentError> Errors, IReadOnlyList<DocumentError> Warnings, DeclaredPolicy? Policy,
    IReadOnlyList<DeclaredPool>? Pools, IReadOnlyList<DeclaredService>? Services);

/// <summary>The rules of a portfile.</summary>
internal sealed record DeclaredPolicy(
    string Profile, string DynamicPorts, string Undeclared, string LongestOpening, int ManagementPort, IReadOnlyList<string> ManagementFrom, string Strangers);

/// <summary>A pool of a portfile.</summary>
internal sealed record DeclaredPool(string Name, string Place, int First, int Last, string Strategy, double SpareShare);

/// <summary>A service of a portfile.</summary>
internal sealed record DeclaredService(
    string Name, string Place, string Protocol, int? Port, string? Pool, int Ports, string? Zone, IReadOnlyList<string> Allow, string Tls, string Owner,
    string Purpose, DateTimeOffset? Expires);

/// <summary><c>entrepot ports check</c>.</summary>
internal static class PortsCheckCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var files = new Argument<string[]>("file") { Description = "Portfiles, or - for the standard input", HelpName = "FILE", Arity = ArgumentArity.OneOrMore };
        var command = new ExampleCommand(
            "check", "Check portfiles: every error and warning with its line and column, then what they declare; exit code 2 when there is an error",
            ("entrepot ports check portfile.yaml", "Before a review"),
            ("entrepot ports check sites/berlin.yaml sites/paris.yaml", "Several, each by itself"),
            ("entrepot ports check - < portfile.yaml", "The standard input, for a commit hook"))
        {
            files,
        };
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var texts = new List<(string Name, string Text)>();
            foreach (var file in context.Get(files))
                texts.Add(file == CommonOptions.Stream ? ("<stdin>", await ReadInputAsync(environment, cancellation)) : (file, PortfileReader.ReadText(file)));

            var now = environment.Time.GetUtcNow();
            var results = texts.ConvertAll(file => (file.Name, Result: PortfileReader.Read(file.Text, file.Name, now)));
            var report = new PortfileReport(results.TrueForAll(static file => file.Result.Errors.Count == 0), results.ConvertAll(static file => Describe(file.Name, file.Result)));
            context.Write(report, CliJson.Default.PortfileReport, found =>
            {
                foreach (var file in found.Files)
                    Show(context, file);
            });
            return report.Valid ? ExitCodes.Done : ExitCodes.Usage;
        });
    }

    private static async Task<string> ReadInputAsync(CliEnvironment environment, CancellationToken cancellation)
    {
        using var reader = new StreamReader(environment.OpenInput());
        // One character more than a portfile may have is enough to refuse it.
        var buffer = new char[PortfileLimits.Length + 1];
        return new string(buffer, 0, await reader.ReadBlockAsync(buffer, cancellation));
    }

    private static CheckedPortfile Describe(string file, PortfileResult result) => new(
        file, result.Errors.Count == 0, result.Errors, result.Warnings,
        result.Portfile is not { Policy: var policy } ? null : new DeclaredPolicy(
            Name(policy.Profile), Name(policy.DynamicPorts), Name(policy.Undeclared), Duration.Format(policy.LongestOpening), policy.ManagementPort,
            [.. policy.ManagementNetworks.Select(Text)], Name(policy.Strangers)),
        result.Portfile?.Pools.Select(static pool => new DeclaredPool(
            pool.Pool.Name, pool.Placement.ToString(), pool.Pool.First, pool.Pool.Last, Name(pool.Pool.Strategy), pool.SpareShare)).ToList(),
        result.Portfile?.Services.Select(static service => new DeclaredService(
            service.Name, service.Placement.ToString(), service.Protocol.Name(), service.Port, service.Pool, service.Ports, service.Zone,
            [.. service.Allow.Select(static grant => grant.Origin)], Name(service.Tls), service.Owner, service.Purpose, service.Expires)).ToList());

    private static void Show(CommandContext context, CheckedPortfile file)
    {
        foreach (var error in file.Errors)
            context.Say(error.ToString());
        foreach (var warning in file.Warnings)
            context.Say((warning with { Message = "warning: " + warning.Message }).ToString());
        var found = $"{Of(file.Errors.Count, "error")}, {Of(file.Warnings.Count, "warning")}";
        if (file is not { Policy: { } policy, Pools: { } pools, Services: { } services })
        {
            context.Say($"{file.File}: {found}; nothing of it would be used.");
            return;
        }

        context.Say($"{file.File}: {Units.Of(services.Count, "service")}, {Units.Of(pools.Count, "pool")}; {found}.");
        Tables.WritePairs(
            context,
            ("policy", $"{policy.Profile}; dynamic ports: {policy.DynamicPorts}; undeclared ports: {policy.Undeclared}; strangers: {policy.Strangers}; openings up to {policy.LongestOpening}"),
            ("management", $"tcp/{Units.Number(policy.ManagementPort)} from {(policy.ManagementFrom.Count == 0 ? "everywhere" : string.Join(", ", policy.ManagementFrom))}"));
        if (pools.Count > 0)
        {
            Tables.Write(
                context, ["pool", "where", "range", new("ports", true), "strategy", new("spare", true)],
                [.. pools.Select(static pool => (string[])
                [
                    pool.Name, pool.Place, $"{Units.Number(pool.First)}–{Units.Number(pool.Last)}", Units.Number(pool.Last - pool.First + 1), pool.Strategy,
                    FormattableString.Invariant($"{pool.SpareShare * 100:0}%"),
                ])],
                "");
        }

        if (services.Count > 0)
        {
            Tables.Write(
                context, ["service", "where", "port", "tls", "expires", "owner", "allowed"],
                [.. services.Select(static service => (string[])
                [
                    service.Name, service.Place, PortOf(service), service.Tls, service.Expires is { } end ? Units.Time(end) : "never", service.Owner,
                    service.Allow.Count == 0 ? "this machine" : string.Join(", ", service.Allow),
                ])],
                "");
        }
    }

    private static string PortOf(DeclaredService service) => service.Port is { } first
        ? $"{service.Protocol}/{Units.Number(first)}{(service.Ports == 1 ? "" : $"–{Units.Number(first + service.Ports - 1)}")}"
        : $"{service.Protocol}, {Units.Number(service.Ports)} of {service.Pool}";

    private static string Of(int count, string thing) => count == 0 ? $"no {thing}" : Units.Of(count, thing);

    private static string Text(IPNetwork network) => network.ToString();

    private static string Name<T>(T value)
        where T : struct, Enum
        => PortsListCommand.Lower(value);
}
