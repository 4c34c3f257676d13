using System.Globalization;
using System.Net;
using BenchmarkDotNet.Attributes;
using Entrepot.Core.Identities;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Nftables;

namespace Entrepot.Benchmarks.Ports;

/// <summary>From declarations to rules, conflict check included, and from rules to an nftables script.</summary>
[MemoryDiagnoser]
public class RuleCompilerBenchmarks
{
    private static readonly NodeName Node = NodeName.Parse("n1");
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly NftablesTarget Target = new();

    private readonly Portfile _services = new() { Services = [.. Enumerable.Range(0, 2000).Select(static i => Service(i, 6))] };
    private readonly RuleModel _model = Rules(0);
    private readonly RuleModel _other = Rules(100);

    [Benchmark(Baseline = true)]
    public CompiledRules Compile2000Services() => RuleCompiler.Compile(_services, Node, "local", [], [], Now);

    [Benchmark]
    public object Render12000Sources() => Target.Render(_model, [], Now);

    [Benchmark]
    public object? Compare12000Sources() => Target.RenderChange(_model, _other, Now);

    private static RuleModel Rules(int second) => RuleCompiler.Compile(
        new Portfile { Services = [.. Enumerable.Range(0, 24).Select(i => Service(i, 500, second))] }, Node, "local", [], [], Now).Require();

    private static ServiceDeclaration Service(int number, int sources, int second = 0) => new()
    {
        Name = string.Create(CultureInfo.InvariantCulture, $"s{number}"),
        Port = 1024 + (number * 2),
        Owner = "ops",
        Purpose = "a benchmark",
        Allow =
        [
            new AccessGrant(
                [.. Enumerable.Range(0, sources).Select(i => new IPNetwork(new IPAddress([10, (byte)(second + (number % 50)), (byte)(i / 100), (byte)((i % 100 * 2) + 1)]), 32))],
                [], "test"),
        ],
    };
}
